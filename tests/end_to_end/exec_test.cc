// `faultline exec`: a program with a Faultline of its own.

#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using Words = std::vector<std::string>;

/// A program that says "ready", and then the name of each signal it gets.
const std::string kListener =
    "for s in INT TERM HUP QUIT USR1 USR2 WINCH; do trap \"echo $s\" $s; done; echo ready; "
    "while :; do sleep 0.05 & wait; done";

Words exec_words(const Words& options, const Words& command) {
  Words words = {"exec"};
  words.insert(words.end(), options.begin(), options.end());
  words.emplace_back("--");
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

Outcome exec(const Words& options, const Words& command) {
  return run(FAULTLINE_BINARY, {.arguments = exec_words(options, command)});
}

/// What a shell script prints that succeeds, in silence.
std::string prints(const Words& options, const std::string& script) {
  const Outcome outcome = exec(options, {"sh", "-c", script});
  CHECK(outcome.err.empty());
  CHECK(outcome.status == 0);
  return outcome.out;
}

/// "2: what it says on stderr".
std::string fails(const Words& options, const Words& command = {"true"}) {
  const Outcome outcome = exec(options, command);
  CHECK(outcome.out.empty());
  return std::to_string(outcome.status) + ": " + outcome.err;
}

bool says(const Process& process, const std::string& text) {
  return eventually([&] { return process.standard_output().find(text) != std::string::npos; });
}

std::size_t times(const std::string& text, const std::string& line) {
  std::size_t count = 0;
  for (std::size_t at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) {
    ++count;
  }
  return count;
}

/// Whether a process is there, and no zombie.
bool is_alive(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = stat.rfind(')');
  return end != std::string::npos && stat.compare(end, 3, ") Z") != 0;
}

/// A program in the foreground of a terminal of its own.
class InTerminal {
 public:
  explicit InTerminal(Words words) {
    words.insert(words.begin(), FAULTLINE_BINARY);
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_ = forkpty(&master_, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      execv(pointers[0], pointers.data());
      _exit(127);
    }
    REQUIRE(pid_ > 0);
    REQUIRE(fcntl(master_, F_SETFL, O_NONBLOCK) == 0);
  }
  ~InTerminal() {
    close(master_);
    if (status_ >= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  InTerminal(const InTerminal&) = delete;
  InTerminal& operator=(const InTerminal&) = delete;

  void type(const std::string& keys) const {
    REQUIRE(write(master_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }

  bool shows(const std::string& text) {
    return eventually([&] { return output().find(text) != std::string::npos; });
  }

  const std::string& output() {
    char buffer[4096];
    for (ssize_t count = read(master_, buffer, sizeof buffer); count > 0;
         count = read(master_, buffer, sizeof buffer)) {
      output_.append(buffer, static_cast<std::size_t>(count));
    }
    return output_;
  }

  /// The exit status.
  int wait() {
    int status = 0;
    REQUIRE(eventually([&] {
      output();
      return waitpid(pid_, &status, WNOHANG) == pid_;
    }));
    status_ = status;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  pid_t pid() const { return pid_; }

 private:
  int master_ = -1;
  pid_t pid_ = -1;
  int status_ = -1;
  std::string output_;
};

}  // namespace

TEST_CASE("exec ends as its program ends", "[exec]") {
  CHECK(exec({}, {"true"}).status == 0);
  CHECK(exec({}, {"sh", "-c", "exit 7"}).status == 7);
  CHECK(exec({}, {"sh", "-c", "kill -9 $$"}).status == 128 + SIGKILL);
  CHECK(exec({}, {"sh", "-c", "kill -TERM $$"}).status == 128 + SIGTERM);
  const Outcome both = exec({}, {"sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(both.status == 3);
  CHECK(both.out == "out\n");
  CHECK(both.err == "err\n");
}

TEST_CASE("exec says when there is no program to run", "[exec]") {
  CHECK(fails({}, {"no-such-program"}) ==
        "127: faultline exec: cannot run `no-such-program`: No such file or directory\n");
  CHECK(fails({}, {""}) == "127: faultline exec: cannot run ``: No such file or directory\n");
  const TempDir dir;
  const std::string file = dir.write("data", "no program");
  CHECK(fails({}, {file}) == "126: faultline exec: cannot run `" + file + "`: Permission denied\n");
  const std::string script = dir.write("script", "exit 9");  // Without #!, as a shell runs it.
  REQUIRE(chmod(script.c_str(), 0755) == 0);
  CHECK(exec({}, {script}).status == 9);
  CHECK(exec({"--env", "PATH=" + dir.file("")}, {"script"}).status == 9);
}

TEST_CASE("exec passes the words of the program on untouched", "[exec]") {
  const std::string script = "for word; do echo \"<$word>\"; done";
  const Words odd = {"sh", "-c", script, "sh", "--help", "--", "-k", "a b", "", "--toxic=x"};
  CHECK(exec({}, odd).out == "<--help>\n<-->\n<-k>\n<a b>\n<>\n<--toxic=x>\n");
  Words without_dashes = {"exec", "--log-level", "error"};
  without_dashes.insert(without_dashes.end(), odd.begin(), odd.end());
  CHECK(run(FAULTLINE_BINARY, {.arguments = without_dashes}).out == exec({}, odd).out);
}

TEST_CASE("exec puts addresses into the program's environment", "[exec]") {
  const Server echoes(echo());
  const Words options = {"--proxy", "a=:0," + echoes.address(),
                         "--proxy", "b=[::1]:0," + echoes.address(),
                         "--proxy", "c=0.0.0.0:0," + echoes.address(),
                         "--env",   "A=redis://{a}/0",
                         "--env",   "PARTS={a.host} {a.port} {b.host} {b} {c}",
                         "--env",   "API={api} {{\"x\": 1}"};
  const std::string out = prints(options, "echo \"$A\"; echo \"$PARTS\"; echo \"$API\"");
  CHECK_THAT(out, Catch::Matchers::Matches(R"(redis://127\.0\.0\.1:(\d+)/0
127\.0\.0\.1 \d+ ::1 \[::1\]:\d+ 127\.0\.0\.1:\d+
http://127\.0\.0\.1:\d+ \{"x": 1\}
)"));
  CHECK_THAT(prints({}, "echo $FAULTLINE_URL; echo $TOXIPROXY_URL"),
             Catch::Matchers::Matches("(http://127\\.0\\.0\\.1:\\d+)\n\\1\n"));
  CHECK(prints({"--env", "TOXIPROXY_URL=mine"}, "echo $TOXIPROXY_URL") == "mine\n");
}

TEST_CASE("exec's proxies and toxics are there from the first moment", "[exec]") {
  const Server echoes(echo());
  Process process(FAULTLINE_BINARY,
                  {.arguments = exec_words({"--proxy", "a=:0," + echoes.address(), "--toxic",
                                            "a:latency=150ms,stream=upstream", "--env", "A={a}"},
                                           {"sh", "-c", "echo $A.; exec sleep 600"})});
  REQUIRE(says(process, "."));
  const std::string out = process.standard_output();
  const std::string address = out.substr(0, out.find('.', out.rfind(':')));
  const Socket client = Socket::connect(address);
  CHECK(time_of([&] { CHECK(round_trip(client, "hello") == "hello"); }) >= milliseconds(145));
  process.signal(SIGTERM);
  CHECK(process.wait() == 128 + SIGTERM);
  CHECK(client.receive_all().ending != Ending::kOpen);
  CHECK(Socket::try_connect(address).second == ECONNREFUSED);
}

TEST_CASE("a program inside exec changes toxics with the command line", "[exec]") {
  const Outcome outcome =
      exec({"--proxy", "a=:0,127.0.0.1:1", "--toxic", "a:latency=1s"},
           {"sh", "-c",
            "set -e; f=" FAULTLINE_BINARY "; $f toxic remove -n latency_downstream a 2>/dev/null; "
            "$f toxic add -t stall -n s a; $f inspect a"});
  CHECK(outcome.status == 0);
  CHECK(outcome.err.find("it has ended and never did anything") != std::string::npos);
  const std::string& out = outcome.out;
  CHECK(out.find("Removed toxic") != std::string::npos);
  CHECK(out.find("s\ttype=stall") != std::string::npos);
  CHECK(out.find("type=latency") == std::string::npos);
}

TEST_CASE("exec takes a configuration file too", "[exec]") {
  const TempDir dir;
  const std::string file = dir.write("f.yaml",
                                     "version: 1\nproxies:\n"
                                     "  - {name: web, listen: 127.0.0.1:0, upstream: 127.0.0.1:1,\n"
                                     "     toxics: [{type: stall}]}\n");
  const std::string out = prints({"--config", file, "--toxic", "web:latency=5ms", "--proxy",
                                  "b=:0,127.0.0.1:1", "--env", "W={web}"},
                                 "echo $W; " FAULTLINE_BINARY " inspect web");
  CHECK(out.find("127.0.0.1:") == 0);
  CHECK(out.find("type=stall") != std::string::npos);
  CHECK(out.find("latency=5") != std::string::npos);
  CHECK(fails({"--config", dir.file("none")}).find("2: faultline exec: ") == 0);
}

TEST_CASE("what is wrong with exec's options is said", "[exec]") {
  const Words proxy = {"--proxy", "redis=:0,127.0.0.1:1"};
  const auto with = [&](const Words& more) {
    Words all = proxy;
    all.insert(all.end(), more.begin(), more.end());
    return fails(all);
  };
  const std::string prefix = "2: faultline exec: ";
  CHECK(fails({}, {}) == prefix + "a command is missing: faultline exec [OPTION...] -- COMMAND\n");
  CHECK(fails({"--proxy", "redis"}).find(prefix + "--proxy: `redis` is not NAME=LISTEN,UPSTREAM") ==
        0);
  CHECK(with(proxy) == prefix + "--proxy: there already is a proxy named `redis`\n");
  CHECK(with({"--toxic", "redis"}).find(prefix + "--toxic: `redis` is not PROXY:TYPE") == 0);
  CHECK(with({"--toxic", "redsi:latency=1ms"}) ==
        prefix + "--toxic: no proxy is named `redsi`; did you mean `redis`?\n");
  CHECK(with({"--toxic", "other:latency=1ms"}) ==
        prefix + "--toxic: no proxy is named `other`; there are redis\n");
  CHECK(with({"--toxic", "redis:latncy=1ms"})
            .find(prefix + "--toxic: `redis:latncy=1ms`: no toxic type `latncy`; did you mean "
                           "`latency`?") == 0);
  CHECK(with({"--toxic", "redis:latency=1ms", "--toxic", "redis:latency=2ms"}) ==
        prefix +
            "--toxic: `latency_downstream` on `redis`: toxic already exists; name=... tells "
            "them apart\n");
  CHECK(with({"--env", "REDIS_URL"}) ==
        prefix + "--env: `REDIS_URL` is not NAME=TEXT, for example REDIS_URL=redis://{redis}\n");
  CHECK(with({"--env", "=x"}).find(prefix + "--env: `=x` is not NAME=TEXT") == 0);
  CHECK(with({"--env", "URL={rdis}"}) ==
        prefix +
            "--env URL: nothing is named {rdis}; did you mean {redis}? there are {api}, "
            "{redis}, {redis.host}, {redis.port}, and {{ is a brace\n");
  CHECK(with({"--env", "URL=a{redis"}) ==
        prefix + "--env URL: `{redis`: } is missing; {{ is a brace\n");
  CHECK(fails({"--proxy", "api=:0,127.0.0.1:1"}) ==
        prefix + "a proxy cannot be named `api` here: {api} is the control API\n");
  CHECK(fails({"--seed", "x"}) == prefix + "--seed: `x` is not a whole number\n");
  CHECK(fails({"--log-level", "loud"}).find(prefix + "--log-level: ") == 0);
  CHECK(fails({"--prxy", "x"}) == prefix + "unknown option `--prxy`; did you mean `--proxy`?\n");
}

TEST_CASE("exec does not start its program where an address is taken", "[exec]") {
  const Socket other = Socket::listen("127.0.0.1:0");
  const std::string taken = other.local_address();
  const std::string said = fails({"--proxy", "redis=" + taken + ",127.0.0.1:1"}, {"echo", "ran"});
  CHECK(said.find("3: faultline exec: ") == 0);
  CHECK(said.find("address already in use") != std::string::npos);
}

TEST_CASE("exec's server ends in order, in its event log too", "[exec]") {
  const TempDir dir;
  const std::string log = dir.file("events");
  const std::string config =
      dir.write("config.yaml", "version: 1\ncontrol: {event_log: " + log + "}\n");
  CHECK(exec({"--config", config}, {"true"}).status == 0);
  CHECK(exec({"--config", config}, {"true"}).status == 0);
  const std::string text = read_file(log);
  const std::size_t last = text.rfind("{\"seq\":");
  REQUIRE(last != std::string::npos);
  CHECK(text.substr(last).find(R"({"seq":4,)") == 0);  // None was left out.
  CHECK(text.find(R"("type":"server.stopped")", last) != std::string::npos);
}

TEST_CASE("exec is quiet, unless it is asked not to be", "[exec]") {
  CHECK(exec({}, {"true"}).err.empty());
  CHECK(exec({"--log-level", "info"}, {"true"}).err.find("faultline started") != std::string::npos);
}

TEST_CASE("exec's program is given what exec was given, and no more", "[exec]") {
  // Signals, limits, descriptors, environment.
  const std::string script =
      "grep -E \"Sig(Blk|Ign|Cgt)\" /proc/self/status; ulimit -n; ls /proc/self/fd; "
      "env | grep -Ev \"^(FAULTLINE_URL|TOXIPROXY_URL|_)=\" | sort";
  const auto shell = [&](const std::string& command) {
    return run("/bin/sh",
               {.arguments = {"-c", "ulimit -S -n 300; exec " + command + " '" + script + "'"}})
        .out;
  };
  const std::string direct = shell("sh -c");
  CHECK(direct.find("\n300\n") != std::string::npos);
  CHECK(shell(FAULTLINE_BINARY " exec -- sh -c") == direct);
  // As nohup leaves it.
  const std::string ignored =
      "trap '' HUP; exec " FAULTLINE_BINARY " exec -- grep SigIgn /proc/self/status";
  CHECK(
      run("/bin/sh", {.arguments = {"-c", ignored}}).out ==
      run("/bin/sh", {.arguments = {"-c", "trap '' HUP; exec grep SigIgn /proc/self/status"}}).out);
  // Whoever ignores the end of children hides it from us too, if we let him.
  CHECK(run("/bin/sh",
            {.arguments = {"-c", "trap '' CHLD; exec " FAULTLINE_BINARY " exec -- sh -c 'exit 5'"}})
            .status == 5);
}

TEST_CASE("each signal sent to exec reaches its program, once", "[exec]") {
  Process process(FAULTLINE_BINARY, {.arguments = exec_words({}, {"sh", "-c", kListener})});
  REQUIRE(says(process, "ready"));
  const std::vector<std::pair<int, std::string>> signals = {
      {SIGINT, "INT\n"},   {SIGTERM, "TERM\n"}, {SIGHUP, "HUP\n"},    {SIGQUIT, "QUIT\n"},
      {SIGUSR1, "USR1\n"}, {SIGUSR2, "USR2\n"}, {SIGWINCH, "WINCH\n"}};
  for (const auto& [number, name] : signals) {
    process.signal(number);
    INFO(name);
    CHECK(says(process, name));
  }
  process.signal(SIGUSR1);
  CHECK(eventually([&] { return times(process.standard_output(), "USR1\n") == 2; }));
  for (const auto& [number, name] : signals) {
    INFO(name);
    CHECK(times(process.standard_output(), name) == (number == SIGUSR1 ? 2 : 1));
  }
  CHECK(process.is_running());
}

TEST_CASE("a terminal's signals reach exec's program once", "[exec]") {
  InTerminal terminal(exec_words({}, {"sh", "-c", kListener}));
  REQUIRE(terminal.shows("ready"));
  // While exec stands still: what it passes on comes later, and is not merged with the first.
  REQUIRE(kill(terminal.pid(), SIGSTOP) == 0);
  terminal.type("\x03");
  REQUIRE(terminal.shows("INT\r\n"));
  REQUIRE(kill(terminal.pid(), SIGCONT) == 0);
  REQUIRE(kill(terminal.pid(), SIGUSR1) == 0);
  REQUIRE(terminal.shows("USR1\r\n"));
  REQUIRE(kill(terminal.pid(), SIGUSR2) == 0);
  REQUIRE(terminal.shows("USR2\r\n"));
  CHECK(times(terminal.output(), "INT\r\n") == 1);
}

TEST_CASE("Ctrl-C ends exec's program and exec", "[exec]") {
  InTerminal terminal(exec_words({}, {"sh", "-c", "echo ready; exec sleep 600"}));
  REQUIRE(terminal.shows("ready"));
  terminal.type("\x03");
  CHECK(terminal.wait() == 128 + SIGINT);
}

TEST_CASE("a program that has left the terminal's group gets Ctrl-C all the same", "[exec]") {
  InTerminal terminal(exec_words({}, {"setsid", "sh", "-c", kListener}));
  REQUIRE(terminal.shows("ready"));
  terminal.type("\x03");
  CHECK(terminal.shows("INT"));
  REQUIRE(kill(terminal.pid(), SIGKILL) == 0);
  CHECK(terminal.wait() == -1);
}

TEST_CASE("killing exec with -9 ends its program and frees its ports", "[exec]") {
  Process process(FAULTLINE_BINARY,
                  {.arguments = exec_words({"--proxy", "a=:0,127.0.0.1:1", "--env", "A={a}"},
                                           {"sh", "-c",
                                            "trap '' TERM; echo $A $$.; "
                                            "while :; do sleep 0.1; done"})});
  REQUIRE(says(process, ".\n"));
  const std::string out = process.standard_output();
  const std::string address = out.substr(0, out.find(' '));
  const pid_t child = std::stoi(out.substr(out.find(' ') + 1));
  CHECK(is_alive(child));
  CHECK(Socket::try_connect(address).second == 0);
  process.signal(SIGKILL);
  CHECK(process.wait() == 256 + SIGKILL);
  CHECK(eventually([&] { return !is_alive(child); }));
  CHECK(Socket::try_connect(address).second == ECONNREFUSED);
}

}  // namespace faultline::test
