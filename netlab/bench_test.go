package netlab_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"example.com/netlessons/netlab"
)

// must is for what cannot fail here.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkConnectionLife builds two hosts and takes one connection from SYN to
// the end of 60 s of TIME-WAIT.
func BenchmarkConnectionLife(b *testing.B) {
	b.ReportAllocs()
	packets, before := 0, allocated()
	for b.Loop() {
		lab := netlab.New()
		client, server := lab.Host("client"), lab.Host("server")
		ln := must(server.Listen("tcp", ":80"))
		c := must(client.Dial("tcp", "server:80"))
		s := must(ln.Accept())
		fmt.Fprint(c, "hello")
		must(s.Read(make([]byte, 10)))
		c.Close()
		must(io.ReadAll(s))
		s.Close()
		lab.Advance(2 * time.Minute)
		packets += len(lab.Trace().Packets)
		lab.Close()
	}
	report(b, packets, before)
}

// BenchmarkLossyMiB sends 1 MiB over a wire that loses every fiftieth packet.
func BenchmarkLossyMiB(b *testing.B) {
	b.ReportAllocs()
	packets, before := 0, allocated()
	data := make([]byte, 1<<20)
	for b.Loop() {
		lab := netlab.New()
		client, server := lab.Host("client"), lab.Host("server")
		lab.Fault("loss", lab.Chance(0.02), netlab.Drop)
		ln := must(server.Listen("tcp", ":80"))
		c := must(client.Dial("tcp", "server:80"))
		s := must(ln.Accept())
		must(c.Write(data))
		c.Close()
		if n := must(io.Copy(io.Discard, s)); n != int64(len(data)) {
			b.Fatal(n)
		}
		packets += len(lab.Trace().Packets)
		lab.Close()
	}
	report(b, packets, before)
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func report(b *testing.B, packets int, before uint64) {
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(allocated()-before)/float64(packets), "B/packet")
}

// BenchmarkFullMesh connects each of 200 hosts with each other one.
func BenchmarkFullMesh(b *testing.B) {
	const n = 200
	for b.Loop() {
		lab := netlab.New()
		var hosts []*netlab.Host
		for i := range n {
			h := lab.Host(fmt.Sprintf("h%d", i))
			hosts = append(hosts, h)
			ln := must(h.Listen("tcp", ":80"))
			for j := range i {
				c := must(hosts[j].Dial("tcp", h.Name()+":80"))
				s := must(ln.Accept())
				_, _ = c, s
			}
		}
		lab.Close()
	}
}
