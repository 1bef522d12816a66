// What the page says, in English and Chinese.
const texts = {
  en: {
    title: "Chatroom",
    rooms: "Rooms",
    others: "Other rooms",
    people: "People",
    messages: "Messages",
    waiting: "Not yet sent",
    message: "Message",
    messageHint: (room) => `Say something in #${room}`,
    send: "Send",
    keys: "Enter sends, Shift+Enter starts a new line, Alt+↑ and Alt+↓ change the room, /help lists the commands",
    joinTitle: "Come in",
    joinText: "Choose a name for yourself. Nobody else in the room can have it while you are here.",
    nickname: "Nickname",
    room: "Room",
    roomHint: "another room",
    roomLabel: "Join a room, or begin one",
    join: "Join",
    joining: "Joining …",
    cancel: "Cancel",
    leave: "Leave this room",
    you: (nick) => `You are ${nick}. Change your nickname`,
    change: "change",
    close: "Close",
    retry: "Try now",
    newest: "Newest",
    newHere: "new",
    unread: (n) => `${n} unread`,
    inRoom: (n) => `${n} ${n === 1 ? "person" : "people"}`,
    more: (n) => `and ${n} more`,
    youMark: "you",

    here: (n) => `${n === 1 ? "only you are" : `${n} people`} here`,
    lost: "Connection lost.",
    lostShutdown: "The server is shutting down.",
    lostSlow: "The connection was too slow for this room.",
    lostSilent: "The connection went silent.",
    lostInternal: "The server failed.",
    lostLong: "That message was too long for the server.",
    trying: (why) => `${why} Trying again …`,
    back: (missed) => missed === 0 ? "Back. Nothing was missed." : `Back. ${missed} ${missed === 1 ? "message" : "messages"} missed and fetched.`,
    backGap: (fetched) => fetched === 0 ? "Back." : `Back. ${fetched} ${fetched === 1 ? "message" : "messages"} fetched.`,
    gap: "Messages may be missing here: the server no longer has them.",
    moved: "This conversation goes on in another tab.",
    comeBack: "Come back here",
    nickAgain: "Choose a nickname to come back",

    joined: (names) => `${names} joined`,
    left: (names) => `${names} left`,
    isNow: (from, nick) => `${from} is now ${nick}`,
    youAre: (nick) => `You are now ${nick}`,
    whoIsHere: (n, names) => `${n} here: ${names}`,
    roomList: (rooms) => `Rooms: ${rooms}`,
    andMore: (names, n) => `${names} and ${n} more`,
    comma: ", ",
    commands: { "/nick NAME": "take another nickname", "/who": "who is in this room", "/rooms": "which rooms there are", "/help": "this list", "/join ROOM": "join another room as well", "/leave": "leave this room" },
    detached: "The server has lost the other servers. What you say waits until they are back.",
    attached: "The other servers are back.",

    queued: "waits for the connection",
    sent: "on its way",
    held: "waits for the other servers",
    takeBack: "Edit",
    manyRooms: (n) => `You are in ${n} rooms. Leave one first.`,
    tooMuch: "Too much waits to be sent. Try again in a moment.",
    offline: "Not connected: this command can be sent when the connection is back.",
    errors: {
      nick_taken: "This nickname is taken. Choose another.",
      bad_nick: "A nickname has 1 to 20 characters, without spaces or invisible ones.",
      bad_room: "A room's name has 1 to 32 lower-case letters, digits, - and _.",
      too_many_rooms: "No room can begin now. Join one that exists.",
      unreachable: "No answer from the server, or it is full. Try again in a moment.",
      unknown_command: "There is no such command. /help lists them.",
      empty: "Nothing visible was said.",
      too_long: "Not sent: too long. Say it in shorter messages.",
      unknown: "The server was restarted: perhaps this was not heard.",
    },
  },

  zh: {
    title: "聊天室",
    rooms: "房间",
    others: "其他房间",
    people: "在场的人",
    messages: "消息",
    waiting: "尚未发出",
    message: "消息",
    messageHint: (room) => `在 #${room} 里说点什么`,
    send: "发送",
    keys: "回车发送，Shift+回车换行，Alt+↑ 和 Alt+↓ 切换房间，/help 列出全部命令",
    joinTitle: "请进",
    joinText: "给自己起个昵称。你在房间里的时候，别人不能用同一个昵称。",
    nickname: "昵称",
    room: "房间",
    roomHint: "换个房间",
    roomLabel: "加入房间，或者新开一个",
    join: "加入",
    joining: "正在加入……",
    cancel: "取消",
    leave: "离开房间",
    you: (nick) => `你的昵称是 ${nick}，点击更改`,
    change: "更改",
    close: "关闭",
    retry: "立即重试",
    newest: "最新消息",
    newHere: "新消息",
    unread: (n) => `${n} 条未读`,
    inRoom: (n) => `${n} 人`,
    more: (n) => `还有 ${n} 人`,
    youMark: "你",

    here: (n) => (n === 1 ? "这里只有你一个人" : `${n} 人在场`),
    lost: "连接断了。",
    lostShutdown: "服务器正在关闭。",
    lostSlow: "连接太慢，跟不上这个房间。",
    lostSilent: "连接没有回应。",
    lostInternal: "服务器出错了。",
    lostLong: "那条消息太长，服务器不收。",
    trying: (why) => `${why}正在重连……`,
    back: (missed) => (missed === 0 ? "回来了，没有漏掉消息。" : `回来了，漏掉的 ${missed} 条消息已经补上。`),
    backGap: (fetched) => (fetched === 0 ? "回来了。" : `回来了，补上了 ${fetched} 条消息。`),
    gap: "这里可能缺了一些消息：服务器已经不再保存它们。",
    moved: "这场对话已经转到另一个标签页。",
    comeBack: "回到这里",
    nickAgain: "起个昵称再回来",

    joined: (names) => `${names} 来了`,
    left: (names) => `${names} 走了`,
    isNow: (from, nick) => `${from} 改名为 ${nick}`,
    youAre: (nick) => `你现在叫 ${nick}`,
    whoIsHere: (n, names) => `${n} 人在场：${names}`,
    roomList: (rooms) => `房间：${rooms}`,
    andMore: (names, n) => `${names}等 ${n} 人`,
    comma: "、",
    commands: { "/nick NAME": "换一个昵称", "/who": "看看谁在这个房间", "/rooms": "看看有哪些房间", "/help": "显示这份列表", "/join ROOM": "再加入一个房间", "/leave": "离开这个房间" },
    detached: "服务器和其他服务器失去了联系。你说的话会等到恢复以后再发出。",
    attached: "和其他服务器的联系恢复了。",

    queued: "等待连接恢复",
    sent: "正在发送",
    held: "等待其他服务器",
    takeBack: "编辑",
    manyRooms: (n) => `你已经在 ${n} 个房间里，请先离开一个。`,
    tooMuch: "等待发送的消息太多，请稍后再试。",
    offline: "没有连接：恢复以后才能发送这个命令。",
    errors: {
      nick_taken: "这个昵称有人用了，请换一个。",
      bad_nick: "昵称由 1 到 20 个字符组成，不能有空格和不可见的字符。",
      bad_room: "房间名由 1 到 32 个小写字母、汉字、数字、- 和 _ 组成。",
      too_many_rooms: "现在不能再开新房间，请加入已有的房间。",
      unreachable: "服务器没有应答，或者人满了。请稍后再试。",
      unknown_command: "没有这个命令，/help 列出全部命令。",
      empty: "没有说出看得见的内容。",
      too_long: "没有发出：太长了，请分成几条短消息。",
      unknown: "服务器重启过：这一条也许没有送到。",
    },
  },
};

export let language = "en";

// locale is how the reader writes dates: as the browser says, if it is the same language.
export function locale() {
  return navigator.languages.find((l) => l.startsWith(language)) ?? language;
}

// t returns a text in the present language.
export function t(key, ...args) {
  const text = texts[language][key];
  return typeof text === "function" ? text(...args) : text;
}

// explain says what an error of the server's means, or of this page's own.
export const explain = ({ code, text }) => t("errors")[code] ?? text;

// names joins nicknames, and counts those that would make the line too long.
export function names(list, count = list.length) {
  const shown = list.slice(0, 8);
  const joined = shown.join(t("comma"));
  if (count <= shown.length) return joined;
  return t("andMore", joined, language === "zh" ? count : count - shown.length);
}

// speak changes the language and the fixed texts of the page: data-t names an
// element's text, data-t-label its label, data-t-hint its placeholder.
export function speak(to) {
  language = to === "zh" ? "zh" : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const e of document.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
  for (const e of document.querySelectorAll("[data-t-label]")) e.setAttribute("aria-label", t(e.dataset.tLabel));
  for (const e of document.querySelectorAll("[data-t-hint]")) e.placeholder = t(e.dataset.tHint);
}
