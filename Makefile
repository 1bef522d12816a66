# Each target is one command. Nothing but Go and make is needed for the lessons
# and the tests; `make check` also wants a C compiler, for the race detector.

.PHONY: help list next report doctor course site test check shipped bench readme fmt vet staticcheck race alone cross tidy fuzz
MODULES := $(patsubst %/go.mod,%,$(wildcard */go.mod))
# The proof of the exercises runs programs of its own, the same in any mode:
# `make test` has it, and the other ways to test leave it out.
BUT_PROOF := -skip '^TestEveryExerciseIsProven$$'
LESSONS := $(filter-out tcp-handshake lessons labtests,$(MODULES))
# Go's test cache does not see when a test of lessons runs or reads another
# module; these look at nothing but themselves.
SELVES := lessons/internal/check lessons/internal/cli $(wildcard lessons/[0-9]*)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z%-]+:.*## /{sub("%", "N", $$1); printf "  make %-11s %s\n", $$1, $$2}' Makefile

lesson-%: ## run the demo of lesson N, with arguments: ARGS="-n 5 you"
	@test -d bin || echo 'building the runner, the first time only …' >&2
	@go run ./lessons run $* $(ARGS)

list: ## list the lessons and how far you are
	@go run ./lessons list

read-%: ## read lesson N's text
	@go run ./lessons read $*

check-%: ## check your exercise of lesson N
	@go run ./lessons check $*

watch-%: ## check it each time you save
	@go run ./lessons watch $*

hint-%: ## the next hint for exercise N
	@go run ./lessons hint $*

solution-%: ## its solution beside what you wrote, once it passed
	@go run ./lessons solution $(ARGS) $*

reset-%: ## put the shipped file back; yours is kept beside it
	@go run ./lessons reset $*

next: ## what to do next
	@go run ./lessons next

report: ## for teachers: ARGS="-format csv DIR ..."
	@go run ./lessons report $(ARGS)

doctor: ## what works on this machine, and what is missing
	@go run ./lessons doctor

# Not by `go run`, which calls it an error to be stopped with Ctrl-C.
course: ## the course as pages for a browser
	@go build -o bin/ ./lessons && exec bin/lessons serve $(ARGS)

site: ## write these pages: ARGS="-out DIR"
	@go run ./lessons site $(ARGS)

prove-%: ## prove exercise N: shipped file, solution, and each mistake
	@go test -count=1 -v -run 'TestEveryExerciseIsProven/^0*$*-' ./lessons/internal/exercise -again

test: ## run all tests; those of the course that look at the others never from the cache
	@go test $(TESTFLAGS) $(patsubst %,./%/...,$(filter-out lessons,$(MODULES)) $(SELVES))
	@go test -count=1 $(TESTFLAGS) ./lessons $(patsubst %,./%/...,$(filter-out $(SELVES),$(wildcard lessons/internal/*)))

check: shipped fmt vet staticcheck tidy cross race alone fuzz ## all that a change must pass
	@echo 'check: all passed'

bench: ## run all benchmarks
	@go test -run '^$$' -bench . -benchmem $(TESTFLAGS) work

readme: ## bring console pictures and tables in the READMEs up to date
	@go test -count=1 -run READMEsShow ./lessons/internal/weave -update

shipped: ## every exercise.go is as it is shipped: testdata/start has the same
	@for d in lessons/*/testdata/start; do cmp $$d/exercise.go $$d/../../exercise.go || exit 1; done

fmt: ## gofmt changes nothing
	@files=$$(gofmt -l $(MODULES)) && { test -z "$$files" || { echo "gofmt -w $$files"; exit 1; }; }

vet: ## go vet finds nothing
	@go vet work

staticcheck: ## staticcheck finds nothing
	@go tool staticcheck work

race: ## all tests under the race detector, and no README has drifted
	@CGO_ENABLED=1 go test -race -count=1 $(BUT_PROOF) $(TESTFLAGS) work

alone: ## each module passes alone, each lesson copied out of here
	@set -e; for m in $(filter-out $(LESSONS),$(MODULES)); do echo "alone: $$m"; (cd $$m && GOWORK=off go test $(BUT_PROOF) ./...); done
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	for m in $(LESSONS); do echo "copied out: $$m"; cp -R $$m $$dir/; (cd $$dir/$$m && GOWORK=off go build ./... && GOWORK=off go test ./...); done

cross: ## everything compiles for Linux, macOS and Windows
	@set -e; for os in linux darwin windows; do echo "cross: $$os"; CGO_ENABLED=0 GOOS=$$os go vet work; done
	@set -e; for t in linux/arm64 darwin/arm64 windows/arm64 js/wasm; do echo "cross: netlab for $$t"; \
	CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} go build ./netlab/...; done
	@echo 'cross: the lab in the page'; GOOS=js GOARCH=wasm go vet ./tcp-handshake/cmd/lab

tidy: ## go.mod and go.sum hold what is needed and no more
	@set -e; for m in $(MODULES); do (cd $$m && GOWORK=off go mod tidy -diff); done

FUZZTIME := 30s
fuzz: ## hostile frames for the file transfer: FUZZTIME each
	@set -e; for f in FuzzFrame FuzzHeader FuzzMessage FuzzConversation; do \
	(cd filetransfer && GOWORK=off go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) ./framed); done
