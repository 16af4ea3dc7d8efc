# The cluster's processes, identified by pid and start time, so that a process that reuses a pid is not mistaken
# for one of them.

PIDS=$STATE_OF/pids

# start PART COMMAND... : starts a component in the background, unless it is running; its output is in its log.
start() {
  local part=$1
  shift
  if alive "$part"; then return; fi
  mkdir -p "$PIDS" "$LOGS"
  # Descriptor 9 is a script's lock, which the component would hold while it runs.
  setsid nohup "$@" >"$LOGS/$part.log" 2>&1 </dev/null 9>&- &
  echo "$! $(began $!)" >"$PIDS/$part"
}

# began PID : prints a process's start time in clock ticks since boot (proc(5), stat, field 22); empty if there is
# none.
began() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The second field is the name in parentheses, which may contain any characters.
  awk '{ print $20 }' <<<"${stat##*) }"
}

alive() {
  local pid time
  [ -f "$PIDS/$1" ] || return 1
  read -r pid time <"$PIDS/$1"
  [ -n "$time" ] && [ "$(began "$pid")" = "$time" ] && ! grep -q '^State:.Z' "/proc/$pid/status"
}

# stop PART : sends SIGTERM and, after ten seconds, SIGKILL.
stop() {
  local pid
  if alive "$1"; then
    read -r pid _ <"$PIDS/$1"
    kill "$pid" || true
    wait_for 10 ended "$1" || kill -KILL "$pid" || true
  fi
  rm -f "$PIDS/$1"
}

ended() { ! alive "$1"; }
