package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheServerThatIsAloneCarriesNoNATS(t *testing.T) {
	t.Parallel()
	list, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	require.Contains(t, string(list), "example.com/netlessons/chatroom/bus\n")
	for dep := range strings.Lines(string(list)) {
		require.NotContains(t, dep, "nats")
	}
}
