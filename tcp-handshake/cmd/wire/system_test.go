package main

import (
	"net/netip"
	"testing"

	"example.com/netlessons/tcp-handshake/netstat"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAnOlderConnectionOfThePortIsNotShown(t *testing.T) {
	var (
		anyone = netip.MustParseAddrPort("0.0.0.0:0")
		server = netip.MustParseAddrPort("127.0.0.1:4000")
		client = netip.MustParseAddrPort("127.0.0.1:5000")
		older  = netip.MustParseAddrPort("127.0.0.1:5001")
	)
	table := []netstat.Row{
		{Local: server, Remote: anyone, State: "LISTEN"},
		{Local: older, Remote: server, State: "TIME_WAIT"},
		{Local: server, Remote: client, State: "CLOSE_WAIT"},
		{Local: client, Remote: older, State: "TIME_WAIT"},
		{Local: client, Remote: server, State: "FIN_WAIT2"},
	}
	want := []netstat.Row{
		{Local: server, Remote: anyone, State: "LISTEN"},
		{Local: client, Remote: server, State: "FIN_WAIT2"},
		{Local: server, Remote: client, State: "CLOSE_WAIT"},
	}
	got := rowsOf(table, server, client)
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Error(diff)
	}
}
