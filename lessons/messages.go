package main

import (
	"regexp"

	"example.com/netlessons/lessons/internal/exercise"
)

// A text is a message in both languages, with the same verbs in the same order.
type text struct{ en, zh string }

// in returns the text in a language, "en" or "zh".
func (t text) in(lang string) string {
	if lang == "zh" {
		return t.zh
	}
	return t.en
}

// checkLabels begin the lines of what a check says when it fails.
var checkLabels = []text{
	{"What the check did:", "检查做了什么："},
	{"Expected: ", "期望："},
	{"Got:      ", "得到："},
	{"Likely cause: ", "可能的原因："},
}

// What the runner says.
var (
	// The commands, as `lessons -h` lists them.
	aboutList     = text{"list the lessons and how far you are", "列出全部课程和你的进度"}
	aboutRun      = text{"run lesson N's demo, with arguments of your own", "运行第 N 课的演示，可附上你自己的参数"}
	aboutRead     = text{"read lesson N's text in the terminal", "在终端里阅读第 N 课的课文"}
	aboutCheck    = text{"check your exercise; no N: the first not passed", "检查你的练习；不写 N 就查第一个未通过的"}
	aboutWatch    = text{"check each time you save; keys: h n l q", "每次保存后自动检查；按键：h n l q"}
	aboutHint     = text{"the next hint; with K, the hint of step K", "看下一条提示；写上 K 就看第 K 条"}
	aboutSolution = text{"the solution, beside what you wrote", "对照你的代码看参考答案"}
	aboutReset    = text{"put the shipped file back; yours is kept beside it", "恢复初始文件；你写的会保留在旁边"}
	aboutNext     = text{"what to do next", "接下来做什么"}
	aboutReport   = text{"for teachers: check the working copies in each DIR\nIt runs the code that it finds there, as you: decide whether you trust it,\nor use a machine that you can spare. Nothing is sent anywhere.", "教师用：检查每个 DIR 里学生的工作副本。\n它会以你的身份运行其中的代码：请先判断是否可信，\n或者换一台无关紧要的机器。不会上传任何内容。"}
	aboutDoctor   = text{"what works on this machine, and what is missing", "这台机器上什么可用、缺什么"}
	aboutServe    = text{"the course as pages for a browser", "在浏览器里学习"}
	aboutSite     = text{"write these pages to DIR, for any file host", "把网页写到 DIR，可放到任何静态站点"}

	seeCommands = text{"commands:", "命令："}
	allLessons  = text{"`go run ./lessons COMMAND -h` tells more of one of them.", "`go run ./lessons COMMAND -h` 查看某个命令的详细说明。"}

	flagLang    = text{"the language, `en|zh`; by itself as the environment says", "语言，`en|zh`；默认按环境变量"}
	flagRace    = text{"look for data races too, if a C compiler is there", "同时查找数据竞争（需要 C 编译器）"}
	flagVerbose = text{"show every message, and more of what your code printed", "显示全部信息，以及代码打印的更多内容"}
	flagShow    = text{"before your exercise has passed, too", "练习还没通过也显示"}
	flagFormat  = text{"json, csv or junit", "json、csv 或 junit"}

	// Wrong usage.
	unknownCommand = text{"unknown command %q", "没有 %q 这个命令"}
	noSuchLesson   = text{"there is no lesson %q, only those above", "没有第 %q 课，只有上面这些"}
	noExerciseYet  = text{"lesson %d has no exercise", "第 %d 课没有练习"}
	noSuchHint     = text{"there is no hint %q; lesson %d has hints 1 to %d", "没有第 %q 条提示；第 %d 课有第 1 到第 %d 条"}
	noSuchFormat   = text{"there is no format %q; choose json, csv or junit", "没有 %q 这种格式，请选 json、csv 或 junit"}
	oneTooMany     = text{"unexpected argument %q", "多了一个参数 %q"}
	languages      = text{"there is no language %q; choose en or zh", "没有 %q 这种语言，请选 en 或 zh"}

	// The list.
	headLesson   = text{"LESSON", "课程"}
	headExercise = text{"YOUR EXERCISE", "你的练习"}
	listDone     = text{"%d of %d exercises passed.", "已通过 %d 个练习，共 %d 个。"}
	passedBefore = text{"passed before; now: %s", "曾经通过；现在：%s"}
	howMany      = text{"%s, %d of %d tests", "%s，测试通过 %d / %d"}
	noExercise   = text{"-", "-"}

	// What to do next.
	nextLesson = text{"Next: lesson %d, %s", "下一步：第 %d 课，%s"}
	nextRun    = text{"see it", "看演示"}
	nextRead   = text{"read it", "读课文"}
	nextEdit   = text{"your file: %s", "你要写的文件：%s"}
	nextCheck  = text{"check it", "做检查"}
	nextWatch  = text{"check each time you save", "每次保存自动检查"}
	nextHint   = text{"a hint", "看提示"}
	allPassed  = text{"All exercises passed. Well done! Read a solution beside yours: %s", "全部练习都通过了，真棒！对照参考答案再看看：%s"}

	// A check.
	headline     = text{"Lesson %d, %s: %s", "第 %d 课 %s：%s"}
	wordPass     = text{"pass", "通过"}
	wordFail     = text{"FAIL", "未过"}
	wordSkip     = text{"skip", "跳过"}
	wordNone     = text{"-", "-"}
	todoLeft     = text{"Open %s and look for TODO:", "打开 %s，找 TODO："}
	todoLine     = text{"line %d: %s", "第 %d 行：%s"}
	yourPrints   = text{"Your code printed:", "你的代码打印了："}
	printsLeft   = text{"… and %d lines more; -v shows more of them", "……还有 %d 行；加 -v 多看一些"}
	looksLike    = text{"This looks like a known mistake: %s.", "这看起来是一种常见错误：%s。"}
	moreProblems = text{"… and %d more; they often go away with the first", "……还有 %d 条；改好第一条，往往也就没了"}
	leftByGit    = text{
		"git could not bring your version and the course's together and left both in the file. Choose one between the lines <<<<<<< and >>>>>>>, and delete those lines.",
		"git 没能把你的版本与课程的新版本合并，两个都留在文件里了。在 <<<<<<< 和 >>>>>>> 之间选定一个，再删掉这些标记行。"}
	nothingRan    = text{"The check ran no test or skipped one, which is not enough to pass. Is exercise_test.go changed?", "检查没有运行测试，或者跳过了测试，不能算通过。exercise_test.go 是不是被改过？"}
	itHung        = text{"The check did not end. Likely cause: an endless loop, or a call that waits for what never comes.", "检查一直没有结束。可能的原因：死循环，或者某个调用在等永远不会来的东西。"}
	itEnded       = text{"Your code ended the whole program, with os.Exit or log.Fatal. Return an error instead.", "你的代码结束了整个程序（os.Exit 或 log.Fatal）。请改为返回 error。"}
	itPanicked    = text{"%s panics: %s", "%s 处发生 panic：%s"}
	itPanickedIn  = text{"Your code panics: %s", "你的代码发生 panic：%s"}
	itRaced       = text{"A data race near %s: two goroutines use a variable at the same time, and one of them writes.", "%s 附近有数据竞争：两个 goroutine 同时使用一个变量，而且至少一个在写。"}
	itRacedIn     = text{"A data race: two goroutines use a variable at the same time, and one of them writes.", "数据竞争：两个 goroutine 同时使用一个变量，而且至少一个在写。"}
	raceAdvice    = text{"Guard it with a sync.Mutex, or give it to one goroutine alone and talk to that one by a channel.", "用 sync.Mutex 保护它，或者只让一个 goroutine 拥有它，其他的通过 channel 与之通信。"}
	fileMissing   = text{"There is no %s.", "找不到 %s。"}
	fileKept      = text{"Your version of the last check is kept as %s", "上次检查时的版本保存在 %s"}
	resetShort    = text{"put the shipped file back", "恢复初始文件"}
	passedNow     = text{"Passed: %d of %d tests.", "通过：测试 %d / %d。"}
	compareIt     = text{"compare with the solution", "与参考答案对照"}
	stillChecking = text{"still checking; the first time the check is built, which takes a while …", "还在检查；第一次要先编译，需要等一会儿……"}

	// Hints and solutions.
	hintHead      = text{"Lesson %d, hint %d of %d", "第 %d 课，提示 %d / %d"}
	noMoreHints   = text{"That was the last hint of %d. The solution:", "%d 条提示都看完了。参考答案："}
	solutionLater = text{"the solution is offered once your exercise passed; to see it now: %s", "练习通过后才给出参考答案；现在就想看：%s"}
	solutionSame  = text{"Your file is the solution, word for word.", "你的文件和参考答案一字不差。"}
	solutionHead  = text{"Lesson %d: from your file (-) to the solution (+)", "第 %d 课：从你的文件（-）到参考答案（+）"}

	// Reset.
	resetDone = text{"%s is as it was shipped.", "%s 已恢复为初始文件。"}
	resetKept = text{"Your version is kept as %s", "你写的版本保存为 %s"}
	resetSame = text{"%s is as it was shipped; there was nothing to do.", "%s 本来就是初始文件，什么都不用做。"}

	// Watching.
	watching     = text{"Watching %s; save it to have it checked.", "正在监视 %s，保存后就会检查。"}
	watchKeys    = text{"keys: h hint, n next, l list, q quit", "按键：h 提示，n 下一课，l 列表，q 退出"}
	watchChecks  = text{"checking …", "检查中……"}
	watchNotDone = text{"lesson %d is not passed yet; going on with lesson %d, %s", "第 %d 课还没通过；转到第 %d 课，%s"}
	watchLast    = text{"There is no exercise left to go to.", "没有下一个练习了。"}

	// The report.
	reportCopies  = text{"checking the exercises of %d working copies; this runs their code", "正在检查 %d 个工作副本里的练习，会运行其中的代码"}
	reportSkipped = text{"left out: %v", "已略过：%v"}

	// The doctor.
	doctorWorks         = text{"works", "可用"}
	doctorMissing       = text{"missing", "缺少"}
	doctorGo            = text{"Go", "Go"}
	doctorGoAdds        = text{"Everything here needs it: install Go from https://go.dev/dl/ and look again.", "一切都要用到它：请从 https://go.dev/dl/ 安装 Go，再来检查。"}
	doctorModules       = text{"Go modules", "Go 模块"}
	doctorModulesFound  = text{"all here: the course works without network", "齐全：没有网络也能学"}
	doctorModulesAdds   = text{"Fetch them once, with a network: go mod download", "联网下载一次即可：go mod download"}
	doctorTerminal      = text{"terminal", "终端"}
	doctorTerminalFound = text{"%d columns, %s colours", "%d 列，%s 色"}
	doctorTerminalAdds  = text{"The output goes elsewhere, so it is plain: no colours, no single keys in watch.", "输出没有连到终端，所以是纯文本：没有颜色，watch 也不支持单键操作。"}
	doctorNarrow        = text{"80 are needed for the pictures", "看图需要 80 列"}
	doctorNoUTF8        = text{"set LANG to a UTF-8 locale for the pictures", "看图请把 LANG 设为 UTF-8"}
	doctorMakeAdds      = text{"With it, `make lesson-6` is short for `go run ./lessons run 6`.", "有了它，`make lesson-6` 就是 `go run ./lessons run 6` 的简写。"}
	doctorGitAdds       = text{"With it, `git pull` brings the course up to date; your files stay.", "有了它，`git pull` 可以更新课程，你写的文件不会丢。"}
	doctorRace          = text{"C compiler", "C 编译器"}
	doctorRaceFound     = text{"check finds data races", "check 能发现数据竞争"}
	doctorRaceAdds      = text{"With one (gcc or clang), check finds data races, too.", "有了它（gcc 或 clang），check 还能发现数据竞争。"}
	doctorPrivate       = text{"private network", "独立网络"}
	doctorPrivateFound  = text{"the kernel's own packets can be captured", "可以捕获内核自己的数据包"}
	doctorPrivateAdds   = text{"Lessons 1 to 4 with -kernel need Linux and user namespaces, or root; without -kernel they run everywhere.", "第 1 到 4 课的 -kernel 需要 Linux 和用户命名空间，或者 root；不加 -kernel 则处处可用。"}
	doctorTsharkAdds    = text{"It reads the capture files of lessons 1 to 5 (-pcap FILE); Wireshark shows them, too.", "它能读第 1 到 5 课的抓包文件（-pcap FILE），也可以用 Wireshark 打开。"}
	doctorBrowser       = text{"browser", "浏览器"}
	doctorBrowserAdds   = text{"It opens the chatroom of lesson 11 and the course's pages.", "用来打开第 11 课的聊天室和课程网页。"}
)

// states are the words for the outcome of a check.
var states = map[exercise.State]text{
	exercise.NotStarted:     {"not started", "未开始"},
	exercise.Missing:        {"no exercise.go", "没有 exercise.go"},
	exercise.Edited:         {"edited, not checked", "已修改，未检查"},
	exercise.DoesNotCompile: {"does not compile", "编译不通过"},
	exercise.Failed:         {"not passed", "未通过"},
	exercise.Panicked:       {"panics", "发生 panic"},
	exercise.Raced:          {"data race", "数据竞争"},
	exercise.Hung:           {"hangs", "卡住了"},
	exercise.Ended:          {"ends the program", "结束了整个程序"},
	exercise.RanNothing:     {"no test ran", "没有运行测试"},
	exercise.Passed:         {"passed", "通过"},
}

// An advice is one line about a message of the compiler or the runtime.
type advice struct {
	about *regexp.Regexp
	text  text
}

// compileAdvice is looked up by "FILE: MESSAGE" of the first problem.
var compileAdvice = []advice{
	{regexp.MustCompile(`^\S+_test\.go:\S+ undefined: `), text{
		"The check needs this name, and exercise.go no longer has it. Write it again exactly as in testdata/start/exercise.go.",
		"检查要用到这个名字，而 exercise.go 里没有了。请照 testdata/start/exercise.go 里的样子把它写回来。"}},
	{regexp.MustCompile(`^\S+_test\.go:`), text{
		"The check calls your function in another way than you declare it. Its name, parameters and results must stay as in testdata/start/exercise.go.",
		"检查调用函数的方式和你的声明不一致。名字、参数和返回值必须与 testdata/start/exercise.go 里的相同。"}},
	{regexp.MustCompile(`declared and not used`), text{
		"Go wants every variable to be used. Use it, or write _ in its place.",
		"Go 要求每个变量都被用到。用上它，或者在它的位置写 _。"}},
	{regexp.MustCompile(`imported and not used`), text{
		"Go wants every import to be used. Delete that line.",
		"Go 要求每个 import 都被用到。删掉这一行即可。"}},
	{regexp.MustCompile(`undefined: `), text{
		"This name is not known here: a spelling mistake, an import that is missing, or a variable of another block.",
		"这里不认识这个名字：可能是拼写错误、少了 import，或者它是另一个代码块里的变量。"}},
	{regexp.MustCompile(`redeclared in this block`), text{
		"Two things have the same name. Is there another .go file in this folder? Then rename it to end in .txt.",
		"有两个同名的声明。这个文件夹里是不是还有别的 .go 文件？把它改成 .txt 结尾。"}},
	{regexp.MustCompile(`missing return`), text{
		"A function with results must return on every path; add a return at its end.",
		"有返回值的函数，每条路径都必须 return；在函数末尾补上。"}},
	{regexp.MustCompile(`cannot use|mismatched types|cannot convert`), text{
		"The types do not match. The message names both: the one you have, and the one that is wanted.",
		"类型不匹配。信息里写了两种类型：你给的，和需要的。"}},
	{regexp.MustCompile(`assignment mismatch|not enough arguments|too many arguments|too many return|not enough return`), text{
		"Count the values: `go doc` on the function shows how many it takes and returns.",
		"数一数值的个数：用 `go doc` 查看这个函数接收和返回几个值。"}},
	{regexp.MustCompile(`no required module|is not in std|cannot find (package|module)`), text{
		"The exercise needs the standard library alone, or what its imports already name. Delete that import.",
		"练习只需要标准库和文件里已有的 import。请删掉这个 import。"}},
	{regexp.MustCompile(`import cycle`), text{
		"exercise.go must not import itself.",
		"exercise.go 不能 import 它自己。"}},
	{regexp.MustCompile(`expected 'package'|found packages`), text{
		"The file must begin with `package exercise`.",
		"文件必须以 `package exercise` 开头。"}},
	{regexp.MustCompile(`syntax error|expected|illegal|invalid character|not terminated`), text{
		"Look at that line and the one before it for a brace, a parenthesis or a quote too many or too few.",
		"看看这一行和上一行：是不是多了或少了一个括号、花括号或引号。"}},
	{regexp.MustCompile(``), text{
		"Mend the first line that the compiler names, then check again.",
		"先改好编译器指出的第一行，再检查一次。"}},
}

// panicAdvice is looked up by what the runtime says.
var panicAdvice = []advice{
	{regexp.MustCompile(`nil pointer dereference`), text{
		"Something is nil there. Often the error that came with it was not looked at: `if err != nil { return err }`.",
		"那里有个值是 nil。常见原因是没有先看随它返回的错误：`if err != nil { return err }`。"}},
	{regexp.MustCompile(`index out of range|slice bounds out of range`), text{
		"The message gives the index and the length. Look at the length before you index.",
		"信息里有下标和长度。先看长度，再取下标。"}},
	{regexp.MustCompile(`assignment to entry in nil map`), text{
		"A map must be made before it is written to: `m := make(map[K]V)`.",
		"map 要先创建才能写入：`m := make(map[K]V)`。"}},
	{regexp.MustCompile(`send on closed channel`), text{
		"Only the one that sends may close a channel, and after its last send.",
		"channel 只能由发送方关闭，而且要在最后一次发送之后。"}},
	{regexp.MustCompile(`close of (closed|nil) channel`), text{
		"A channel is closed once, by one goroutine. sync.Once helps where several want to.",
		"channel 只能关闭一次，由一个 goroutine 来关。多处都想关时，可用 sync.Once。"}},
	{regexp.MustCompile(`negative WaitGroup counter`), text{
		"More Done than Add. wg.Go counts by itself.",
		"Done 的次数比 Add 多。wg.Go 会自己计数。"}},
	{regexp.MustCompile(`stack (overflow|exceeds)`), text{
		"A function calls itself without end.",
		"有个函数在无休止地调用自己。"}},
	{regexp.MustCompile(`all goroutines are asleep`), text{
		"Everybody waits for somebody else: a channel nobody sends on, a mutex nobody unlocks.",
		"大家都在互相等：没人发送的 channel，或者没人解锁的 mutex。"}},
	{regexp.MustCompile(`out of memory|cannot allocate`), text{
		"The program takes memory without end. Look for a loop that appends and never stops.",
		"程序在无止境地占用内存。找一找不断 append 又停不下来的循环。"}},
	{regexp.MustCompile(``), text{
		"Find that line, and what must hold there for it not to panic.",
		"找到那一行，想一想要满足什么条件才不会 panic。"}},
}

// find returns the first advice about message.
func find(all []advice, message string) text {
	for _, a := range all {
		if a.about.MatchString(message) {
			return a.text
		}
	}
	return text{}
}
