package wire

import (
	"io"
	"time"

	"example.com/netlessons/netlab/trace"
)

var teardown = Scene{
	Name: "teardown", Notes: "teardown",
	Variants: []string{"simultaneous", "unread", "linger"},
	play: func(st *stage) error {
		client, server, err := st.connect()
		if err != nil {
			return err
		}
		switch st.Variant {
		case "simultaneous":
			client.Close()
			server.Close()
		case "unread":
			if _, err := io.WriteString(server, "never read"); err != nil {
				return err
			}
			st.lab.Settle()
			client.Close()
		case "linger":
			client.SetLinger(0)
			client.Close()
		default:
			if err := inTurn(client, server); err != nil {
				return err
			}
		}
		st.lab.Settle()
		st.lab.Advance(2*st.MSL + time.Minute)
		return nil
	},
	tell: func(tl *teller) {
		switch tl.params.Variant {
		case "unread", "linger":
			tl.reset()
		case "simultaneous":
			tl.simultaneous()
		default:
			tl.fourWay()
		}
	},
}

type halfCloser interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// inTurn ends a connection as the notes do, with the half-closed time in use.
func inTurn(client, server halfCloser) error {
	// Step 1: the client has nothing more to say.
	if err := client.CloseWrite(); err != nil {
		return err
	}
	// Step 2 is the system's. The server hears of it, and still sends.
	if _, err := io.ReadAll(server); err != nil {
		return err
	}
	if _, err := io.WriteString(server, "still here"); err != nil {
		return err
	}
	// Step 3: the server has nothing more to say either.
	if err := server.Close(); err != nil {
		return err
	}
	// Step 4 is the system's again.
	if _, err := io.ReadAll(client); err != nil {
		return err
	}
	return client.Close()
}

// fins returns the tries of a host's FIN, and of the other's ACK of it.
func (tl *teller) fins(host, other string) (fin, ack []fate) {
	all := tl.find(func(f fate) bool { return f.From == host && f.Flags.Has(trace.FIN) })
	if len(all) == 0 {
		return nil, nil
	}
	number := all[0].Seq + uint32(all[0].Length) + 1
	acks := tl.find(func(f fate) bool {
		return f.From == other && f.Flags.Has(trace.ACK) && f.Ack == number && !f.Flags.Has(trace.RST)
	})
	return all, first(acks)
}

func (tl *teller) fourWay() {
	fin, ack := tl.fins("client", "server")
	if len(fin) > 0 {
		tl.say("Step 1, %s: the client sends FIN: no more data from here.", "第 1 步，%s：客户端发送 FIN：我不再发数据。", tl.tries(first(fin)))
	}
	if len(ack) > 0 {
		tl.say("Step 2, %s: the server acknowledges it. The connection is half closed.", "第 2 步，%s：服务器确认。连接处于半关闭状态。", tl.tries(ack))
	}
	halfClosed := func(f fate) bool { return f.From == "server" && f.Length > 0 && len(fin) > 0 && f.sent > fin[0].sent }
	if data := first(tl.find(halfClosed)); len(data) > 0 {
		tl.say("The server still sends, %s, and the client still receives.", "服务器仍在发送（%s），客户端仍能接收。", tl.tries(data))
	}
	fin, ack = tl.fins("server", "client")
	if len(fin) > 0 {
		tl.say("Step 3, %s: the server sends its own FIN.", "第 3 步，%s：服务器发送自己的 FIN。", tl.tries(first(fin)))
	}
	if len(ack) > 0 {
		tl.say("Step 4, %s: the client sends the last ACK, and waits in TIME-WAIT.", "第 4 步，%s：客户端发送最后一个 ACK，在 TIME-WAIT 中等待。", tl.tries(ack))
	}
	if len(ack) > 1 {
		tl.say("The last ACK was lost, so the server sent its FIN again, and somebody had to be there to answer: that is what 2 MSL is for.",
			"最后一个 ACK 丢了，服务器重发 FIN，必须有人在场应答：这正是等待 2 MSL 的目的。")
	}
	tl.timeWait()
}

func (tl *teller) simultaneous() {
	c, _ := tl.fins("client", "server")
	s, _ := tl.fins("server", "client")
	if len(c) > 0 && len(s) > 0 {
		tl.say("Both ends close before they hear of each other: %s from the client crosses %s from the server.",
			"两端都在得知对方之前关闭：客户端的%s与服务器的%s在途中交错。", tl.tries(first(c)), tl.tries(first(s)))
	}
	for _, host := range []string{"client", "server"} {
		if _, ok := tl.state(host, "CLOSING"); ok {
			tl.say("The %s got a FIN while its own was not acknowledged: CLOSING.", "%s 在自己的 FIN 还未被确认时收到了 FIN：进入 CLOSING。", tl.host(host))
		}
	}
	tl.timeWait()
}

// timeWait tells who waited, and how long.
func (tl *teller) timeWait() {
	for _, host := range []string{"client", "server"} {
		start, ok := tl.state(host, "TIME-WAIT")
		if !ok {
			continue
		}
		for _, e := range tl.t.Events {
			if e.Kind == trace.State && e.Host == host && e.From == "TIME-WAIT" {
				tl.say("The %s was in TIME-WAIT for %v; 2 MSL are %v, counted from the last FIN that came.",
					"%s在 TIME-WAIT 停留了 %v；2 MSL 是 %v，从最后一次收到 FIN 算起。", tl.host(host), round(e.At-start), round(2*tl.msl()))
			}
		}
	}
}

func (tl *teller) msl() time.Duration {
	if tl.params.MSL == 0 {
		return 30 * time.Second
	}
	return tl.params.MSL
}

func (tl *teller) reset() {
	rst := first(tl.find(func(f fate) bool { return f.From == "client" && f.Flags.Has(trace.RST) }))
	if len(rst) == 0 {
		tl.say("No RST was sent.", "没有发送 RST。")
		return
	}
	if tl.params.Variant == "linger" {
		tl.say("Close with linger 0 means: give up at once. The client sends RST, %s, instead of FIN.", "linger 为 0 时，Close 意味着立即放弃：客户端发送 RST（%s），而不是 FIN。", tl.tries(rst))
	} else {
		tl.say("The client closes with data unread. It must not look as if that had been read: the client sends RST, %s, instead of FIN.", "客户端关闭时还有数据没读。不能让人以为已经读过，所以它发送 RST（%s），而不是 FIN。", tl.tries(rst))
	}
	if rst[len(rst)-1].lost {
		tl.say("Nothing answers a RST, so it is not sent again: the server does not know yet.", "RST 没有应答，丢了也不会重发：服务器还不知情。")
	} else {
		tl.say("The server's end is CLOSED at once, without TIME-WAIT on either side.", "服务器一端立即进入 CLOSED，两端都没有 TIME-WAIT。")
	}
}
