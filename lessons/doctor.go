package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"golang.org/x/term"

	"example.com/netlessons/lessons/internal/exercise"
)

// A symptom is one thing that is here or is missing.
type symptom struct {
	what   text
	found  string // what it is here; empty: missing
	adds   text   // what it is good for
	needed bool   // nothing works without it
}

func (a *app) doctor(ctx context.Context, c command, args []string) error {
	if _, err := a.parse(a.flags(c), c, args, 0); err != nil {
		return err
	}
	ill := false
	for _, s := range a.examine(ctx) {
		word, style := a.say(doctorWorks), good
		if s.found == "" {
			word, style = a.say(doctorMissing), note
			if s.needed {
				ill, style = true, bad
			}
		}
		fmt.Fprintf(a.out, "%s  %s  %s\n", style.Render(pad(word, 7)), pad(a.say(s.what), 16), s.found)
		if s.found == "" {
			a.para(9, a.say(s.adds))
		}
	}
	if ill {
		return errTold
	}
	return nil
}

func (a *app) examine(ctx context.Context) []symptom {
	race := ""
	if exercise.HasRace(ctx) {
		race = a.say(doctorRaceFound)
	}
	return []symptom{
		{doctorGo, a.goVersion(ctx), doctorGoAdds, true},
		{doctorModules, a.modules(ctx), doctorModulesAdds, true},
		{doctorTerminal, a.terminalKind(), doctorTerminalAdds, false},
		{text{"make", "make"}, program("make"), doctorMakeAdds, false},
		{text{"git", "git"}, program("git"), doctorGitAdds, false},
		{doctorRace, race, doctorRaceAdds, false},
		{doctorPrivate, a.private(), doctorPrivateAdds, false},
		{text{"tshark", "tshark"}, program("tshark", "wireshark"), doctorTsharkAdds, false},
		{doctorBrowser, browser(), doctorBrowserAdds, false},
	}
}

// program is the path of the first of these programs that is here.
func program(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// goVersion is that of the go command in the course's folder, which may fetch
// the version that go.work asks for.
func (a *app) goVersion(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, "go", "version")
	cmd.Dir = a.root
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "go version ")
}

// modules says whether every module that the course needs is on this machine.
func (a *app) modules(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-test", "work")
	cmd.Dir = a.root
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK="+filepath.Join(a.root, "go.work"))
	if cmd.Run() != nil {
		return ""
	}
	return a.say(doctorModulesFound)
}

func (a *app) terminalKind() string {
	f, ok := a.stdout.(*os.File)
	if !ok || !a.terminal() {
		return ""
	}
	wide, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return ""
	}
	colors := map[colorprofile.Profile]string{
		colorprofile.ASCII: "0", colorprofile.ANSI: "16", colorprofile.ANSI256: "256", colorprofile.TrueColor: "16777216",
	}[a.out.Profile]
	said := fmt.Sprintf(a.say(doctorTerminalFound), wide, colors)
	if wide < columns {
		said += "; " + note.Render(a.say(doctorNarrow))
	}
	if !utf8Terminal() {
		said += "; " + note.Render(a.say(doctorNoUTF8))
	}
	return said
}

// utf8Terminal reports whether the environment asks for UTF-8. Windows has no
// such variables, and its terminals can.
func utf8Terminal() bool {
	if runtime.GOOS == "windows" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return regexp.MustCompile(`(?i)utf-?8`).MatchString(v)
		}
	}
	return false
}

// browser is what opens a page here.
func browser() string {
	switch runtime.GOOS {
	case "windows":
		return program("rundll32")
	case "darwin":
		return program("open")
	}
	return program("xdg-open", "firefox", "google-chrome", "chromium", "chromium-browser")
}

func (a *app) private() string {
	if !privateNetwork() {
		return ""
	}
	return a.say(doctorPrivateFound)
}
