package chatroom

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var files embed.FS

// page serves the folder page. Its policy lets a browser load nothing from
// elsewhere and run no script but those of the folder page.
func page() http.Handler {
	root, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // a bug: the folder is part of the program
	}
	serve := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		serve.ServeHTTP(w, r)
	})
}
