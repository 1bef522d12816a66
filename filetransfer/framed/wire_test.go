package framed

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"github.com/zeebo/blake3"
)

// example is the conversation that PROTOCOL.md shows: one file, 5 bytes.
func example() (sender, receiver []byte) {
	h := header{index: 0, kind: typeFile, mode: 0o644, size: 5, mtime: time.Unix(1_000_000_000, 0), path: "a.txt"}
	content := []byte("hello")
	data := make([]byte, dataHeader)
	putData(data, 0, 0)
	e := end{index: 0, whole: true, digest: blake3.Sum256(content)}
	a := answer{index: 0, code: codeSaved, text: "a.txt"}
	sender = []byte(hello)
	for _, frame := range [][]byte{
		rawFrame(kindHeader, h.append(nil)), rawFrame(kindData, append(data, content...)),
		rawFrame(kindEnd, e.append(nil)), rawFrame(kindQuit, nil),
	} {
		sender = append(sender, frame...)
	}
	receiver = []byte(hello)
	receiver = append(receiver, rawFrame(kindAnswer, a.append(nil))...)
	return sender, append(receiver, rawFrame(kindQuit, nil)...)
}

func TestTheHexDumpInTheSpecificationIsWhatIsSent(t *testing.T) {
	t.Parallel()
	spec, err := os.ReadFile("PROTOCOL.md")
	require.NoError(t, err)
	sender, receiver := example()
	var got [2]strings.Builder
	for _, m := range regexp.MustCompile(`(?m)^([→←]) ((?:[0-9a-f]{2} ?)+)`).FindAllStringSubmatch(string(spec), -1) {
		i := map[string]int{"→": 0, "←": 1}[m[1]]
		got[i].WriteString(strings.ReplaceAll(m[2], " ", ""))
	}
	require.Equal(t, hex.EncodeToString(sender), got[0].String(), "→")
	require.Equal(t, hex.EncodeToString(receiver), got[1].String(), "←")
}

func TestTheSpecificationNamesTheLimitsOfTheCode(t *testing.T) {
	t.Parallel()
	spec, err := os.ReadFile("PROTOCOL.md")
	require.NoError(t, err)
	for kind, name := range map[byte]string{kindHeader: "header", kindData: "data", kindEnd: "end", kindAnswer: "answer", kindQuit: "quit", kindAlive: "alive", kindFatal: "fatal"} {
		row := fmt.Sprintf(`(?m)^\| %c \| %s \|.*\| %d \|$`, kind, name, maxLength(kind))
		if !regexp.MustCompile(row).Match(spec) {
			t.Errorf("PROTOCOL.md has no row %s", row)
		}
	}
}

func TestMessagesComeOutAsTheyWentIn(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 123_456_789)
	for _, h := range []header{
		{index: 0, kind: typeFile, mode: 0o644, size: 1 << 40, mtime: now, path: "a/b"},
		{index: 1<<32 - 1, kind: typeFolder, mode: 0o755, mtime: time.Unix(-1, 999_999_999), path: strings.Repeat("x/", 2047) + "y"},
		{index: 7, kind: typeLink, mode: 0o777, mtime: now, path: "l", target: "a/b"},
	} {
		got, err := parseHeader(h.append(nil))
		require.NoError(t, err)
		if diff := cmp.Diff(h, *got, cmp.AllowUnexported(header{}), cmpopts.EquateApproxTime(0)); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	}
	for _, e := range []end{{index: 3, whole: true, digest: digest{1, 2, 3}}, {index: 4, reason: "it changed"}} {
		got, err := parseEnd(e.append(nil))
		require.NoError(t, err)
		require.Equal(t, e, got)
	}
	a := answer{index: 5, code: codeGoOn, offset: 1 << 41, digest: digest{9}, text: "t"}
	got, err := parseAnswer(a.append(nil))
	require.NoError(t, err)
	require.Equal(t, a, got)
}

func TestAFrameThatIsTooLongIsNeitherReadNorWaitedFor(t *testing.T) {
	t.Parallel()
	for _, kind := range []byte{kindHeader, kindData, kindEnd, kindAnswer, kindQuit, kindAlive, kindFatal, 'Z', 0} {
		frame := rawFrame(kind, make([]byte, maxLength(kind)+1))
		r := bytes.NewReader(frame)
		_, _, err := readFrame(r, make([]byte, bufferSize))
		require.ErrorContains(t, err, "the other side speaks something else", "%q", kind)
		require.Equal(t, len(frame)-frameHeader, r.Len(), "%q", kind)
	}
}

func TestAConversationThatBreaksTheRulesEnds(t *testing.T) {
	t.Parallel()
	file := func(index uint32, size int64) []byte {
		h := header{index: index, kind: typeFile, mode: 0o644, size: size, mtime: time.Unix(0, 0), path: fmt.Sprint("f", index)}
		return rawFrame(kindHeader, h.append(nil))
	}
	content := func(index uint32, offset int64, n int) []byte {
		b := make([]byte, dataHeader+n)
		putData(b, index, offset)
		return rawFrame(kindData, b)
	}
	for _, tt := range []struct {
		name    string
		frames  [][]byte
		wantErr string
	}{
		{"a file out of turn", [][]byte{file(1, 0)}, "malformed"},
		{"a file twice", [][]byte{file(0, 1<<20), file(0, 1<<20)}, "malformed"},
		{"a file before the small one is complete", [][]byte{file(0, 1), file(1, 1)}, "malformed"},
		{"content of a file that was never announced", [][]byte{content(0, 0, 1)}, "malformed"},
		{"the end of a file that was never announced", [][]byte{rawFrame(kindEnd, (&end{whole: true}).append(nil))}, "malformed"},
		{"more content than was announced", [][]byte{file(0, 1), content(0, 0, 2)}, "malformed"},
		{"content twice", [][]byte{file(0, 1), content(0, 0, 1), content(0, 0, 1)}, "malformed"},
		{"content with a gap", [][]byte{file(0, 1<<20), content(0, 1, 1)}, "malformed"},
		{"content at a negative offset", [][]byte{file(0, 1<<20), content(0, -1, 1)}, "malformed"},
		{"more large content than was announced", [][]byte{file(0, maxSmall+1), content(0, 0, maxSmall+2)}, "malformed"},
		{"no content", [][]byte{file(0, 1), content(0, 0, 0)}, "malformed"},
		{"an answer", [][]byte{rawFrame(kindAnswer, (&answer{code: codeSaved}).append(nil))}, "malformed"},
		{"a header of three bytes", [][]byte{rawFrame(kindHeader, []byte("abc"))}, "malformed"},
		{"the end of all before that of a file", [][]byte{file(0, 1), rawFrame(kindQuit, nil)}, "the sender is done before its files are"},
		{"17 large files at once", func() (frames [][]byte) {
			for i := range uint32(window + 1) {
				frames = append(frames, file(i, 1<<20))
			}
			return frames
		}(), "too many files are announced at once"},
		{"content that does not agree with its digest", [][]byte{file(0, 1), content(0, 0, 1), rawFrame(kindEnd, (&end{whole: true}).append(nil)), rawFrame(kindQuit, nil)}, "1 of 1 were not received"},
		{"an end without content", [][]byte{file(0, 1), rawFrame(kindEnd, (&end{whole: true}).append(nil)), rawFrame(kindQuit, nil)}, "1 of 1 were not received"},
		{"a farewell with a reason", [][]byte{rawFrame(kindFatal, []byte("tired"))}, "the sender gave up: tired"},
		{"another version", nil, "version 2 of the protocol is not known here, only 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stream := []byte(hello)
			if tt.frames == nil {
				stream[len(hello)-1] = 2
			}
			for _, frame := range tt.frames {
				stream = append(stream, frame...)
			}
			dir := root(t)
			err := Receiver{}.Receive(t.Context(), &replay{Reader: bytes.NewReader(stream)}, dir)
			require.ErrorContains(t, err, tt.wantErr)
			left, err := fs.ReadDir(dir.FS(), ".")
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// Every bit of two whole conversations, and of longer ones at random: the
// reader never takes a stream with one wrong bit for a right one.
func TestNoFlippedBitIsTakenForARightOne(t *testing.T) {
	t.Parallel()
	sender, receiver := example()
	for _, stream := range [][]byte{sender, receiver} {
		require.NoError(t, readAll(stream))
		for bit := range 8 * len(stream) {
			requireCaught(t, stream, bit)
		}
	}
	long := bytes.Clone(sender[:len(sender)-frameHeader])
	chunk := make([]byte, dataHeader+maxChunk)
	for i := range chunk {
		chunk[i] = byte(rand.Uint32())
	}
	long = append(long, rawFrame(kindData, chunk)...)
	long = append(long, rawFrame(kindAlive, nil)...)
	long = append(long, rawFrame(kindFatal, []byte("x"))...)
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		requireCaught(t, long, random.IntN(8*len(long)))
	}
}

func requireCaught(t *testing.T, stream []byte, bit int) {
	t.Helper()
	stream[bit/8] ^= 1 << (bit % 8)
	err := readAll(stream)
	stream[bit/8] ^= 1 << (bit % 8)
	if err == nil {
		t.Fatalf("bit %d of byte %d was flipped, and nobody noticed", bit%8, bit/8)
	}
}

// readAll is nil if stream is a hello and frames, whole and undamaged.
func readAll(stream []byte) error {
	fr := &frameReader{conn: &replay{Reader: bytes.NewReader(nil)}, r: bufio.NewReader(bytes.NewReader(stream))}
	theirs, err := fr.readHello(nil)
	if err != nil {
		return err
	}
	if theirs != hello {
		return errDamaged
	}
	buf := make([]byte, bufferSize)
	for {
		_, _, err := fr.next(buf)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func TestAPartThatWasDamagedIsNotContinued(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	path := filepath.Join(from, "x")
	require.NoError(t, os.WriteFile(path, content, 0o666))
	info, err := os.Stat(path)
	require.NoError(t, err)
	part := partName(&header{size: info.Size(), mtime: info.ModTime(), path: "x"})
	for _, tt := range []struct {
		name     string
		there    []byte
		wantSent int64
	}{
		{"the first half", content[:1<<19], 1 << 19},
		{"all but the last byte", content[:1<<20-1], 1},
		{"all", content, 0},
		{"half, with one bit wrong", append([]byte{content[0] ^ 1}, content[1:1<<19]...), 1 << 20},
		{"more than all", append(bytes.Clone(content), 0), 1 << 20},
		{"nothing", nil, 1 << 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := root(t)
			require.NoError(t, dir.Mkdir(folder, 0o700))
			require.NoError(t, dir.WriteFile(folder+"/"+part, tt.there, 0o600))
			s, err := transfer(t, dir, nil, path)
			require.NoError(t, err)
			require.Equal(t, tt.wantSent, s.Progress().Sent)
			require.EqualValues(t, 1<<20, s.Progress().Bytes)
			got, err := dir.ReadFile("x")
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, got))
			require.NoDirExists(t, filepath.Join(dir.Name(), folder))
		})
	}
}

func TestWhatNobodyContinuesIsCleanedUp(t *testing.T) {
	t.Parallel()
	dir := root(t)
	require.NoError(t, dir.Mkdir(folder, 0o700))
	for _, name := range []string{"7", "old.part", "new.part"} {
		require.NoError(t, dir.WriteFile(folder+"/"+name, []byte("x"), 0o600))
	}
	week := time.Now().Add(-keepParts - time.Minute)
	require.NoError(t, dir.Chtimes(folder+"/old.part", week, week))
	s, err := openStore(dir)
	require.NoError(t, err)
	require.NoError(t, s.close())
	left, err := fs.Glob(dir.FS(), folder+"/*")
	require.NoError(t, err)
	require.Equal(t, []string{folder + "/new.part"}, left)
}

func TestNothingIsCleanedUpBehindALink(t *testing.T) {
	t.Parallel()
	dir := root(t)
	require.NoError(t, dir.Mkdir("mine", 0o700))
	require.NoError(t, dir.WriteFile("mine/7", []byte("x"), 0o600))
	require.NoError(t, dir.Symlink("mine", folder))
	_, err := openStore(dir)
	require.ErrorContains(t, err, "is no folder")
	_, err = dir.Stat("mine/7")
	require.NoError(t, err)
}

func TestALinkInPlaceOfARenameNeverReplaces(t *testing.T) {
	t.Parallel() // what systems and file systems do that cannot rename so
	dir := root(t)
	s, err := openStore(dir)
	require.NoError(t, err)
	defer s.close()
	require.NoError(t, dir.WriteFile("old", []byte("old"), 0o600))
	require.NoError(t, s.tmp.WriteFile("x.part", []byte("new"), 0o600))
	require.ErrorIs(t, s.renameByLink("x.part", "old"), fs.ErrExist)
	require.NoError(t, s.renameByLink("x.part", "new"))
	for _, name := range []string{"old", "new"} {
		got, err := dir.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, name, string(got))
	}
	_, err = s.tmp.Lstat("x.part")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func root(t testing.TB) *os.Root {
	t.Helper()
	dir, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { dir.Close() })
	return dir
}
