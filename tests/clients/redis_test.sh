#!/usr/bin/env bash
# A real Redis behind a Faultline proxy, seen by redis-cli and redis-benchmark
# while toxics come and go. Usage: redis_test.sh PATH_OF_FAULTLINE
#
# The last line is "N passed, M failed".
set -uo pipefail

faultline=$1
dir=$(mktemp -d)
passed=0
failed=0

cleanup() {
  exec 3>&- 4>&-
  kill "${server_pid:-}" "${redis_pid:-}" 2>/dev/null
  wait 2>/dev/null
  rm -rf "$dir"
}
trap cleanup EXIT

# check DESCRIPTION COMMAND...: one test case.
check() {
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "  ok    $what"
  else
    failed=$((failed + 1))
    echo "  FAILED $what: $*"
  fi
}

# wait_for COMMAND...: until it succeeds, at most ten seconds.
wait_for() {
  for _ in $(seq 200); do
    "$@" >"$dir/wait.out" 2>&1 && return 0
    sleep 0.05
  done
  echo "never succeeded: $*"
  return 1
}

now_ms() { date +%s%3N; }

# took_ms COMMAND...: how long it ran.
took_ms() {
  local start
  start=$(now_ms)
  "$@" >"$dir/took.out" 2>&1
  echo $(($(now_ms) - start))
}

at_least() { [ "$1" -ge "$2" ]; }
less_than() { [ "$1" -lt "$2" ]; }
equal() { [ "$1" = "$2" ]; }
contains() { [[ "$1" == *"$2"* ]]; }

# ---- Redis, Faultline, and a proxy between them ----------------------------

redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" --save '' --appendonly no \
  --daemonize no >"$dir/redis.log" 2>&1 &
redis_pid=$!
wait_for redis-cli -s "$dir/redis.sock" ping || exit 1

"$faultline" serve --listen 127.0.0.1:0 2>"$dir/faultline.log" &
server_pid=$!
wait_for grep -q '"control API listens"' "$dir/faultline.log" || exit 1
api=$(grep -o '"address":"[^"]*"' "$dir/faultline.log" | head -n 1 | cut -d '"' -f 4)
export TOXIPROXY_URL="http://$api"

call() { curl -sS -f -X "$1" "http://$api$2" ${3:+-d "$3"}; }
listen=$(call POST /proxies \
  "{\"name\":\"redis\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"unix:$dir/redis.sock\"}" |
  grep -o '"listen":"[^"]*"' | cut -d '"' -f 4)
port=${listen##*:}

redis() { timeout 10 redis-cli -p "$port" "$@" 2>&1; }
add() { call POST /proxies/redis/toxics "$1" >"$dir/add.out"; }
remove() { call DELETE "/proxies/redis/toxics/$1"; }

# An open connection, kept through everything: 3.
exec 3<>"/dev/tcp/127.0.0.1/$port"
ping_open() {
  printf 'PING\r\n' >&3 && IFS= read -r -t "${1:-5}" -u 3 reply && equal "$reply" $'+PONG\r'
}

# ---- Tests ------------------------------------------------------------------

check "redis answers through the proxy" equal "$(redis ping)" PONG
check "an open connection answers" ping_open
redis set greeting hello >"$dir/out"
check "a value comes back" equal "$(redis get greeting)" hello

add '{"type":"latency","attributes":{"latency":150}}'
check "latency slows a new connection" at_least "$(took_ms redis ping)" 150
check "latency slows an open connection" at_least "$(took_ms ping_open)" 150
remove latency_downstream
check "without it redis is quick again" less_than "$(took_ms redis ping)" 150
check "the open connection too" less_than "$(took_ms ping_open)" 150

check "our CLI adds a toxic" "$faultline" toxic add -t latency -n slow -a latency=150 redis
check "and redis is slow" at_least "$(took_ms redis ping)" 150
check "our CLI removes it" "$faultline" toxic remove -n slow redis
check "and redis is quick" less_than "$(took_ms redis ping)" 150

head -c 400000 /dev/zero | tr '\0' v >"$dir/value"
redis -x set big <"$dir/value" >"$dir/out"
add '{"type":"bandwidth","attributes":{"rate":1000}}'
check "400 KB at 1000 KB/s take 0.4 s" at_least "$(took_ms redis get big)" 390
remove bandwidth_downstream
check "and are whole" equal "$(redis get big | md5sum)" "$(cat "$dir/value" <(echo) | md5sum)"

add '{"type":"bandwidth","attributes":{"rate":0}}'
check "a stall silences the open connection" eval '! ping_open 0.5'
remove bandwidth_downstream
check "healed, the answer that was held arrives" \
  eval 'IFS= read -r -t 2 -u 3 reply && equal "$reply" $'"'+PONG\r'"
check "and the connection goes on" ping_open

exec 4<>"/dev/tcp/127.0.0.1/$port"
add '{"type":"timeout","attributes":{"timeout":300}}'
start=$(now_ms)
check "timeout closes an open connection" eval '! IFS= read -r -t 5 -u 4 reply'
took=$(($(now_ms) - start))
check "when its time is up" eval "at_least $took 250 && less_than $took 2000"
check "redis-cli sees its connection closed" contains "$(redis ping)" "closed the connection"
remove timeout_downstream
exec 4>&- 3>&-
exec 3<>"/dev/tcp/127.0.0.1/$port"
check "after it, redis answers" ping_open

add '{"type":"reset_peer","attributes":{"timeout":0}}'
check "reset_peer: redis-cli sees a reset" contains "$(redis ping)" "reset by peer"
remove reset_peer_downstream
exec 3>&-
exec 3<>"/dev/tcp/127.0.0.1/$port"
check "after it, redis answers" ping_open

call POST /proxies/redis '{"enabled":false}' >"$dir/out"
check "disabled: connections are refused" contains "$(redis ping)" "Connection refused"
check "disabled: the open connection is gone" eval '! ping_open 2'
call POST /proxies/redis '{"enabled":true}' >"$dir/out"
exec 3>&-
check "enabled: redis answers on the same port" equal "$(redis ping)" PONG
exec 3<>"/dev/tcp/127.0.0.1/$port"

redis del counter >"$dir/out"
(
  while [ ! -e "$dir/enough" ]; do
    add '{"type":"latency","attributes":{"latency":5,"jitter":5}}'
    add '{"type":"slicer","stream":"upstream","attributes":{"average_size":7,"delay":10}}'
    remove slicer_upstream
    add '{"type":"bandwidth","attributes":{"rate":0}}'
    remove bandwidth_downstream
    remove latency_downstream
  done
) 2>"$dir/toggle.err" &
toggler=$!
redis-benchmark -p "$port" -n 20000 -c 20 -q incr counter >"$dir/benchmark.out" 2>&1
check "redis-benchmark finishes while toxics are toggled" equal $? 0
touch "$dir/enough"
wait "$toggler"
check "no toggle failed" test ! -s "$dir/toggle.err"
check "and every one of its 20000 increments arrived once" equal "$(redis get counter)" 20000
check "the open connection lived through it" ping_open

exec 3>&-
kill -TERM "$server_pid"
wait "$server_pid"
check "faultline stops with 0" equal $? 0
unset server_pid

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
