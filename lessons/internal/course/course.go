// Package course is the table of the lessons, the only place that lists them.
package course

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// A Lesson is one row of the course.
type Lesson struct {
	Number         int
	Folder         string // in lessons/, with its text and its exercise
	Title, TitleZH string
	Notes          []string // the sections of NOTES.md that it is about; none: beyond them
	Module         string   // the folder that holds its server, client and demo
	Shows, ShowsZH string   // what its demo shows
	Demo           []string // the demo: a package by its folder, and its arguments
	WithArguments  []string // what gets the user's arguments instead; empty: Demo
}

// Lessons are the lessons that run, in their order.
var Lessons = []Lesson{
	{
		Number: 1, Folder: "01-three-way-handshake", Title: "Three-way handshake", TitleZH: "三次握手", Notes: []string{"handshake"}, Module: "tcp-handshake",
		Shows:   "SYN, SYN+ACK, ACK; both ends' states; when Dial and Accept return",
		ShowsZH: "SYN、SYN+ACK、ACK，两端的状态，Dial 和 Accept 何时返回",
		Demo:    []string{"tcp-handshake/cmd/wire", "handshake"},
	},
	{
		Number: 2, Folder: "02-four-way-teardown", Title: "Four-way teardown", TitleZH: "四次挥手", Notes: []string{"teardown"}, Module: "tcp-handshake",
		Shows:   "FIN, ACK, the half-closed time in use, FIN, ACK, 2 MSL",
		ShowsZH: "FIN、ACK，半关闭期间照样收数据，再 FIN、ACK，最后等待 2 MSL",
		Demo:    []string{"tcp-handshake/cmd/wire", "teardown"},
	},
	{
		Number: 3, Folder: "03-sliding-window", Title: "Sliding window", TitleZH: "滑动窗口", Notes: []string{"window"}, Module: "tcp-handshake",
		Shows:   "a reader that stops: the window closes, Write blocks, the window opens again",
		ShowsZH: "读者停下：窗口关闭，Write 阻塞，窗口再次打开",
		Demo:    []string{"tcp-handshake/cmd/wire", "window"},
	},
	{
		Number: 4, Folder: "04-tcp-states", Title: "TCP states", TitleZH: "TCP 状态转换", Notes: []string{"states", "netstat"}, Module: "tcp-handshake",
		Shows:   "the notes' four paths as the stack walks them; your system's own table",
		ShowsZH: "协议栈如何走完笔记中的四条路径；再看你的系统自己的连接表",
		Demo:    []string{"tcp-handshake/cmd/wire", "states"},
	},
	{
		Number: 5, Folder: "05-tcp-vs-udp", Title: "TCP beside UDP", TitleZH: "TCP 与 UDP 对比", Notes: []string{"tcp-udp"}, Module: "tcp-handshake",
		Shows:   "the same messages over the same lossy wire, by TCP and by UDP",
		ShowsZH: "同样的消息，同样会丢包的连线：用 TCP 传，再用 UDP 传",
		Demo:    []string{"tcp-handshake/cmd/wire", "compare"},
	},
	{
		Number: 6, Folder: "06-udp-client-server", Title: "UDP server and client", TitleZH: "UDP 服务器与客户端", Notes: []string{"udp-server", "udp-client"}, Module: "udp-echo",
		Shows:   "one socket that answers many clients at once",
		ShowsZH: "一个 socket 同时回答许多客户端",
		Demo:    []string{"udp-echo/cmd/demo"},
	},
	{
		Number: 7, Folder: "07-command-line", Title: "Command line", TitleZH: "命令行参数", Notes: []string{"args"}, Module: "cmdargs",
		Shows:         "argument 0 and the rest; then `flag`",
		ShowsZH:       "第 0 个参数和其余参数，然后是 `flag`",
		Demo:          []string{"cmdargs/cmd/args", "-name", "gopher", "-n", "2", "one", "two words"},
		WithArguments: []string{"cmdargs/cmd/args"},
	},
	{
		Number: 8, Folder: "08-file-info", Title: "File information", TitleZH: "获取文件属性", Notes: []string{"stat"}, Module: "cmdargs",
		Shows:         "Name, Size and the rest of FileInfo; what goes wrong",
		ShowsZH:       "Name、Size 以及 FileInfo 的其余内容；会出什么错",
		Demo:          []string{"cmdargs/cmd/demo"},
		WithArguments: []string{"cmdargs/cmd/stat"},
	},
	{
		Number: 9, Folder: "09-file-transfer", Title: "File transfer", TitleZH: "网络文件传输", Notes: []string{"send", "receive"}, Module: "filetransfer",
		Shows:   "the notes' protocol at work, where it loses data, and one that does not",
		ShowsZH: "笔记中的协议如何传文件、在哪里丢数据，以及一个不丢的协议",
		Demo:    []string{"filetransfer/cmd/demo"},
	},
	{
		Number: 10, Folder: "10-why-go", Title: "Why Go", TitleZH: "为什么选择 Go", Notes: []string{"why-go"}, Module: "batchapi",
		Shows:   "one batch over many services, in turn and in parallel; one static binary",
		ShowsZH: "一次批量请求调用许多服务：先串行，再并行；一个静态二进制文件",
		Demo:    []string{"batchapi/cmd/demo"},
	},
	{
		Number: 11, Folder: "11-chatroom", Title: "Chatroom", TitleZH: "聊天室", Notes: []string{"chatroom"}, Module: "chatroom",
		Shows:   "two clients talk over WebSocket, then the server says goodbye",
		ShowsZH: "两个客户端通过 WebSocket 聊天，然后服务器从容告别",
		Demo:    []string{"chatroom/cmd/demo"},
	},
	{
		Number: 12, Folder: "12-chat-cluster", Title: "Several chat servers", TitleZH: "多服务器聊天室", Module: "chatroom",
		Shows:   "two chat servers and one room, over NATS; one stops, and nothing is lost",
		ShowsZH: "两个聊天服务器通过 NATS 共用一个房间；停掉一个，消息不丢也不重",
		Demo:    []string{"chatroom/cmd/cluster"},
	},
}

// Find returns lesson n.
func Find(n int) (Lesson, bool) {
	i := slices.IndexFunc(Lessons, func(l Lesson) bool { return l.Number == n })
	if i < 0 {
		return Lesson{}, false
	}
	return Lessons[i], true
}

// Command returns the program that runs the lesson with the user's arguments:
// its package's folder, and all its arguments.
func (l Lesson) Command(args []string) (folder string, all []string) {
	command := l.Demo
	if len(args) > 0 && len(l.WithArguments) > 0 {
		command = l.WithArguments
	}
	return command[0], append(slices.Clone(command[1:]), args...)
}

// List prints the lessons as a table for the terminal.
func List(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "N\tLESSON\tNOTES\tMODULE\tCOMMAND")
	for _, l := range Lessons {
		fmt.Fprintf(tw, "%d\t%s\t%s\t%s\tmake lesson-%d\n", l.Number, l.Title, strings.Join(l.Notes, " "), l.Module, l.Number)
	}
	return tw.Flush()
}

// Markdown returns the lessons as a table for the README, in English or Chinese.
func Markdown(chinese bool) string {
	var b strings.Builder
	if chinese {
		b.WriteString("| 课 | 主题 | 笔记 | 模块 | 命令 | 演示内容 |\n")
	} else {
		b.WriteString("| N | lesson | notes | module | command | what it shows |\n")
	}
	b.WriteString("| --- | --- | --- | --- | --- | --- |\n")
	for _, l := range Lessons {
		title, shows, notes, text := l.Title, l.Shows, "beyond the notes", "README.md"
		if chinese {
			title, shows, notes, text = l.TitleZH, l.ShowsZH, "笔记之外", "README.zh.md"
		}
		if len(l.Notes) > 0 {
			notes = "[" + strings.Join(l.Notes, "] [") + "]"
		}
		fmt.Fprintf(&b, "| %d | [%s](lessons/%s/%s) | %s | [%s](%s/README.md) | `make lesson-%d` | %s |\n",
			l.Number, title, l.Folder, text, notes, l.Module, l.Module, l.Number, shows)
	}
	return b.String()
}
