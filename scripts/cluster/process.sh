# The cluster's processes. Each is known by its pid and the time it began, so that no other process that was given the
# same pid later is taken for it.

PIDS=$STATE_OF/pids

# start PART COMMAND... : in the background, unless it runs; its output is in the log of its name.
start() {
  local part=$1
  shift
  if alive "$part"; then return; fi
  mkdir -p "$PIDS" "$LOGS"
  # Descriptor 9 is a script's lock: it would be held as long as the part runs.
  setsid nohup "$@" >"$LOGS/$part.log" 2>&1 </dev/null 9>&- &
  echo "$! $(began $!)" >"$PIDS/$part"
}

# When a process began, in clock ticks since the machine did (proc(5), stat, field 22); empty if there is none.
began() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The second field is the name in brackets, with whatever characters.
  awk '{ print $20 }' <<<"${stat##*) }"
}

alive() {
  local pid time
  [ -f "$PIDS/$1" ] || return 1
  read -r pid time <"$PIDS/$1"
  [ -n "$time" ] && [ "$(began "$pid")" = "$time" ] && ! grep -q '^State:.Z' "/proc/$pid/status"
}

# stop PART : asks, and after ten seconds insists.
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
