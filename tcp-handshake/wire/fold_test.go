package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/tcp-handshake/wire"
)

func TestFoldBreaksWhereALineMayEnd(t *testing.T) {
	forty := "0123456789012345678901234567890123456789"
	for _, tt := range []struct{ name, mark, in, want string }{
		{"a short line stays", "", "aaa bbb", "aaa bbb"},
		{"at blanks", "", forty + " " + forty + " b", forty + "\n" + forty + " b"},
		{"under the mark", "- ", forty + " " + forty, "- " + forty + "\n  " + forty},
		{"between Chinese characters", "", forty + forty[:38] + "一二", forty + forty[:38] + "一\n二"},
		{"not before a full stop", "", forty + forty[:38] + "一。", forty + forty[:38] + "\n一。"},
	} {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, wire.Fold(tt.mark, tt.in)) })
	}
}
