package wire

import (
	"io"
	"strings"
	"time"

	"example.com/netlessons/netlab/trace"
)

// windowBytes is what the client of scene window writes, in one Write.
const windowBytes = 16_000

var window = Scene{
	Name: "window", Notes: "window",
	window: 8 << 10,
	play: func(st *stage) error {
		client, server, err := st.connect()
		if err != nil {
			return err
		}
		// The reader has stopped, and goes on after 3 s.
		st.lab.After(3*time.Second, func() {
			st.lab.Note("the reader goes on")
			io.ReadFull(server, make([]byte, windowBytes))
		})
		_, err = client.Write(make([]byte, windowBytes))
		return err
	},
	tell: func(tl *teller) { tl.slidingWindow() },
}

func (tl *teller) slidingWindow() {
	fromServer := func(match func(fate) bool) []fate {
		return tl.find(func(f fate) bool { return f.From == "server" && !f.Flags.Has(trace.SYN) && match(f) })
	}
	shut := fromServer(func(f fate) bool { return f.Window == 0 && f.Ack > 1 })
	if len(shut) > 0 {
		tl.say("Nobody reads at the server, and its buffer fills. Packet %d says win=0: send nothing more.",
			"服务器上没有人读数据，缓冲区渐渐填满。第 %d 个包说 win=0：不要再发了。", shut[0].N)
	}

	var blocked, back time.Duration
	for _, e := range tl.t.Events {
		switch {
		case e.Kind == trace.Block && e.Op == "Write":
			blocked = e.At
		case e.Kind == trace.Return && e.Op == "Write":
			back = e.At
		}
	}
	if back > blocked && blocked > 0 {
		tl.say("Write took what the client's own buffer holds, and then had to wait, from %v to %v.",
			"Write 填满客户端自己的发送缓冲区后就得等待：从 %v 一直等到 %v。", round(blocked), round(back))
	}

	if probes := tl.probes(); len(probes) > 0 {
		tl.say("Meanwhile the client asks with one byte whether there is room again: packets %s. Without these probes, a lost window update would leave both waiting for ever.",
			"这期间客户端用一个字节反复试探窗口是否打开：第 %s 个包。没有这种探测，窗口更新一旦丢失，双方就会永远等下去。", strings.Join(probes, tl.pick(", ", "、")))
	}
	if len(shut) > 0 {
		open := fromServer(func(f fate) bool { return f.Window > 0 && f.sent > shut[0].sent })
		if len(open) > 0 {
			tl.say("The reader went on, and packet %d offers %d bytes: the window update. The client sends again.",
				"读者继续读，第 %d 个包提供 %d 字节：这就是窗口更新。客户端接着发送。", open[0].N, open[0].Window)
		}
	}
}

// probes are the numbers of the packets by which the client asked for room.
func (tl *teller) probes() []string {
	var numbers []string
	probing := false
	for _, e := range tl.t.Events {
		switch {
		case e.Kind == trace.Timer:
			probing = e.Host == "client" && e.Detail == "window probe"
		case e.Kind == trace.Send && probing:
			numbers = append(numbers, tl.pick("%d", "%d", e.Packet))
			probing = false
		}
	}
	return numbers
}
