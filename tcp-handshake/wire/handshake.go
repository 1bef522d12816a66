package wire

import (
	"context"
	"errors"
	"syscall"
	"time"

	"example.com/netlessons/netlab/trace"
)

var handshake = Scene{
	Name: "handshake", Notes: "handshake",
	Variants: []string{"refuse", "backlog"},
	play: func(st *stage) error {
		if st.Variant == "refuse" { // nobody listens
			_, err := st.client.Dial("tcp", "server:80")
			return refused(err)
		}
		if st.Variant == "backlog" {
			return fillBacklog(st)
		}
		_, _, err := st.connect()
		return err
	},
	tell: func(tl *teller) {
		switch tl.params.Variant {
		case "refuse":
			tl.refused()
		case "backlog":
			tl.backlog()
		default:
			tl.threeWay()
		}
	},
}

// refused passes over the error that the scene is about.
func refused(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	return err
}

// fillBacklog connects until the server's queue for Accept, which nobody
// calls, is full, and gives the last one 3 s.
func fillBacklog(st *stage) error {
	if _, err := st.server.Listen("tcp", ":80"); err != nil {
		return err
	}
	for {
		ctx, cancel := context.WithCancel(context.Background())
		st.lab.After(3*time.Second, cancel)
		_, err := st.client.DialContext(ctx, "tcp", "server:80")
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (tl *teller) threeWay() {
	syn := first(tl.find(flags("client", trace.SYN)))
	synAck := first(tl.find(flags("server", trace.SYN|trace.ACK)))
	ack := first(tl.find(func(f fate) bool { return flags("client", trace.ACK)(f) && f.Ack == 1 }))
	if len(syn) > 0 {
		tl.say("Step 1, %s: the client sends SYN. Sequence numbers count from 0 here.", "第 1 步，%s：客户端发送 SYN。图中序号从 0 算起。", tl.tries(syn))
	}
	if len(synAck) > 0 {
		tl.say("Step 2, %s: the server acknowledges it with ack=1 and sends its own SYN, in one packet.", "第 2 步，%s：服务器用 ack=1 确认，并在同一个包里发送自己的 SYN。", tl.tries(synAck))
	}
	if len(ack) > 0 {
		tl.say("Step 3, %s: the client acknowledges that SYN.", "第 3 步，%s：客户端确认这个 SYN。", tl.tries(ack))
	}

	dial, dialed := tl.returned("client", "Dial")
	accept, accepted := tl.returned("server", "Accept")
	if dialed && dial.Err == "" {
		tl.say("Dial returned after %v: the client was ESTABLISHED when SYN+ACK had come, whatever became of its ACK.",
			"Dial 在 %v 后返回：收到 SYN+ACK，客户端就进入 ESTABLISHED，不管自己的 ACK 是否送达。", round(dial.At))
	} else if dialed {
		tl.say("Dial failed after %v: %s.", "Dial 在 %v 后失败：%s。", round(dial.At), dial.Err)
	}
	if accepted && accept.Err == "" {
		tl.say("Accept returned after %v: the server was ESTABLISHED only when an ACK of its SYN had come. Until then the two ends believed different things.",
			"Accept 在 %v 后返回：服务器收到对自己 SYN 的确认，才进入 ESTABLISHED。在此之前，两端的看法并不一致。", round(accept.At))
	} else {
		tl.say("Accept returned no connection.", "Accept 没有得到连接。")
	}
}

func (tl *teller) refused() {
	syn := first(tl.find(flags("client", trace.SYN)))
	rst := first(tl.find(flags("server", trace.RST|trace.ACK)))
	if len(syn) > 0 {
		tl.say("Step 1, %s: the client sends SYN to a port where nobody listens.", "第 1 步，%s：客户端向无人监听的端口发送 SYN。", tl.tries(syn))
	}
	if len(rst) > 0 {
		tl.say("Instead of step 2, %s: the server's system answers RST.", "没有第 2 步，而是%s：服务器的系统回复 RST。", tl.tries(rst))
	}
	if dial, ok := tl.returned("client", "Dial"); ok {
		tl.say("Dial returned after %v: %s.", "Dial 在 %v 后返回：%s。", round(dial.At), dial.Err)
	}
}

func (tl *teller) backlog() {
	var served, waited int
	for _, e := range tl.t.Events {
		if e.Kind != trace.Return || e.Op != "Dial" {
			continue
		}
		if e.Err == "" {
			served++
		} else {
			waited++
		}
	}
	tl.say("Nobody calls Accept. All the same %d of %d Dials returned: the system goes through the handshake by itself, and lets connections wait for Accept in a queue, the backlog.",
		"没有人调用 Accept，Dial 却照样成功返回（%[2]d 次中的 %[1]d 次）：握手由系统自行完成，建立的连接在队列（backlog）里等待 Accept。", served, served+waited)
	if waited > 0 {
		last := tl.find(flags("client", trace.SYN))
		tl.say("Then the queue was full. The server does not answer a SYN any more, not even by refusing; so the client sends it again and again (the last is packet %d), and its program gave up after 3 s.",
			"然后队列满了。服务器不再回应 SYN，连拒绝也没有；于是客户端一再重发（最后一个是第 %d 个包），3 秒后程序放弃。", last[len(last)-1].N)
	}
}
