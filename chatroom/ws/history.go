package ws

// history is the newest messages of a room, as the frames that everybody got.
type history struct {
	past     []said // oldest first
	bytes    int
	messages int // most of them that are kept, and
	most     int // of their bytes

	from uint64 // nothing that came after this id is missing in past
	last uint64 // id of the newest message
}

type said struct {
	id          uint64
	sender, ref string
	frame       []byte
}

func (h *history) limit(messages, bytes int) { h.messages, h.most = messages, bytes }

// beginAfter says that nothing is known of what was before this id.
func (h *history) beginAfter(id uint64) {
	h.from, h.last = max(h.from, id), max(h.last, id)
}

func (h *history) add(id uint64, sender, ref string, frame []byte) {
	h.past = append(h.past, said{id, sender, ref, frame})
	h.bytes += len(frame)
	h.last = id
	for len(h.past) > h.messages || h.bytes > h.most {
		h.from = h.past[0].id
		h.bytes -= len(h.past[0].frame)
		h.past[0] = said{} // append moves what is left when the space behind it is used up
		h.past = h.past[1:]
	}
}

// after returns what came after the message with this id. It is whole if
// nothing is missing in between, and if the id can be one of this room.
func (h *history) after(id uint64) (frames [][]byte, whole bool) {
	whole = h.from <= id && id <= h.last
	for _, m := range h.past {
		if !whole || m.id > id {
			frames = append(frames, m.frame)
		}
	}
	return frames, whole
}

// has tells whether the sender has said a message with that ref.
func (h *history) has(sender, ref string) bool {
	if ref == "" {
		return false
	}
	for _, m := range h.past {
		if m.ref == ref && m.sender == sender {
			return true
		}
	}
	return false
}
