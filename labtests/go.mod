module example.com/netlessons/labtests

go 1.26.3

require (
	example.com/netlessons/filetransfer v0.0.0
	example.com/netlessons/netlab v0.0.0
	example.com/netlessons/tcp-handshake v0.0.0
	example.com/netlessons/udp-echo v0.0.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/google/btree v1.1.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/exp v0.0.0-20250711185948-6ae5c78190dc // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	gvisor.dev/gvisor v0.0.0-20260905035102-160fafc42237 // indirect
)

replace (
	example.com/netlessons/filetransfer => ../filetransfer
	example.com/netlessons/netlab => ../netlab
	example.com/netlessons/tcp-handshake => ../tcp-handshake
	example.com/netlessons/udp-echo => ../udp-echo
)
