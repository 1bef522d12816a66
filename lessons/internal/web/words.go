package web

// words are those of the pages around the texts.
type words struct {
	Course, Lead, Start           string
	Lessons, Skip                 string
	Previous, Next                string
	LabTitle, Recorded            string
	TextForm                      string
	Check, CheckLead, CheckButton string
	Passed, Failed, Output        string
	More                          [3]string // the notes, the glossary, for teachers
	Licence                       string
	States                        map[string]string // of an exercise
	English                       string            // where there is no translation
}

var wordsIn = map[string]words{
	"en": {
		Course:  "netlessons",
		Lead:    "Learn network programming in Go by running it, watching it, breaking it and fixing it. In lessons 1 to 5 two real TCP stacks run here, in your browser: click a packet to lose it, and see what follows.",
		Start:   "Begin with lesson 1",
		Lessons: "Lessons", Skip: "To the text",
		Previous: "Previous", Next: "Next",
		LabTitle: "See it",
		Recorded: "As it was recorded. With scripts switched on, a real TCP stack runs here instead, and each packet can be lost.",
		TextForm: "As text",
		Check:    "Check your exercise", CheckLead: "In a terminal, in the course's folder:", CheckButton: "Run the check",
		Passed: "✓ The check passes.", Failed: "✗ Not yet. Read the first failure, change the exercise, and run the check again.", Output: "Output of the check",
		More:    [3]string{"The notes", "Glossary", "For teachers"},
		Licence: "MIT licence. Texts and programs are one repository; everything on these pages runs on your machine.",
		States:  map[string]string{"passed": "passed", "failed": "not yet", "open": "open"},
	},
	"zh": {
		Course:  "netlessons",
		Lead:    "学 Go 网络编程：跑一跑，看一看，弄坏它，再修好它。第 1 到 5 课里，两个真实的 TCP 协议栈就在你的浏览器中运行：单击一个包把它丢掉，看看接下来会发生什么。",
		Start:   "从第 1 课开始",
		Lessons: "课程", Skip: "跳到正文",
		Previous: "上一课", Next: "下一课",
		LabTitle: "看一看",
		Recorded: "这是录下来的过程。打开脚本后，这里会运行真实的 TCP 协议栈，每个包都可以丢掉。",
		TextForm: "文本形式",
		Check:    "检查练习", CheckLead: "在终端里，在课程目录下运行：", CheckButton: "运行检查",
		Passed: "✓ 检查通过。", Failed: "✗ 还没有通过。看第一个失败，修改练习，再运行一次检查。", Output: "检查的输出",
		More:    [3]string{"笔记", "词汇表", "写给教师"},
		Licence: "MIT 许可证。课文和程序同在一个仓库；这些页面上的一切都在你自己的机器上运行。",
		States:  map[string]string{"passed": "已通过", "failed": "未通过", "open": "未开始"},
		English: "这一课还没有中文版，以下是英文。",
	},
}
