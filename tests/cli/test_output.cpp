// What the program prints and where: streams that are full, closed or gone, special files, names
// that hold anything, the progress line on a terminal.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "../perf/living_file.hpp"
#include "campaign/progress.hpp"
#include "record/campaign_file.hpp"
#include "report/tables.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

const std::string full_message = "qhn: standard output: cannot write: No space left on device\n";
const std::string closed_message = "qhn: standard output: cannot write: Bad file descriptor\n";

void make_device(const TemporaryFolder& folder, const std::string& name, unsigned minor) {
  ASSERT_EQ(::mknod((folder / name).c_str(), S_IFCHR | 0666, makedev(1, minor)), 0)
      << "needs root: " << std::strerror(errno);
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// An experiment, its result in r, angles of it, and the devices "full" and "null".
class Output : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make devices";
    folder.write("tiny.toml", std::string(tiny) + "count = 6\n");
    make_device(folder, "full", 7);
    make_device(folder, "null", 3);
    const ProgramRun run = run_qhn(folder, "train tiny.toml --out r --threads 1");
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const CampaignFile campaign = read_campaign(folder / "r");
    std::string angles;
    for (const double angle : campaign.records.at(0).result.angles)
      angles += fmt::format("{} ", angle);
    folder.write("angles", angles + '\n');
  }
  TemporaryFolder folder;
};

bool is_device(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISCHR(info.st_mode);
}

TEST_F(Output, AFailingStandardOutputIsToldByEveryVerb) {
  for (const char* arguments : {"--help",
                                "--version",
                                "train --help",
                                "new fresh",
                                "new -",
                                "new --keys",
                                "validate tiny.toml",
                                "table tiny.toml",
                                "table tiny.toml --json",
                                "table tiny.toml --out -",
                                "evaluate tiny.toml --angles angles",
                                "evaluate tiny.toml --angles angles --json",
                                "sample tiny.toml --angles angles --shots 10",
                                "plan tiny.toml",
                                "doctor",
                                "stats r",
                                "stats r --format json",
                                "stats r --format csv",
                                "compare r",
                                "compare r --format csv",
                                "status r",
                                "merge r",
                                "export r --csv",
                                "export r --csv --out -",
                                "export tiny.toml --openqasm3 --angles angles"}) {
    for (const bool closed : {false, true}) {
      std::error_code ignored;
      fs::remove(folder / "fresh.toml", ignored);
      const ProgramRun run = run_qhn(folder, arguments + std::string(closed ? " >&-" : " >full"));
      EXPECT_EQ(run.exit_code, 1) << arguments;
      const std::string& said = closed ? closed_message : full_message;
      EXPECT_TRUE(run.err.ends_with(said)) << arguments << ": " << run.err;
      EXPECT_EQ(run.err.find(said), run.err.rfind(said)) << arguments << ": " << run.err;
    }
  }
  EXPECT_TRUE(is_device(folder / "full"));
}

// Text that no buffer holds fails in the middle, not at the end.
TEST_F(Output, ALongTextToAFullDeviceIsToldOnce) {
  for (const char* arguments : {"table tiny.toml --out - --set network.hidden=4",
                                "sample tiny.toml --angles angles --shots 100000"}) {
    const ProgramRun run = run_qhn(folder, std::string(arguments) + " >full");
    EXPECT_EQ(run.exit_code, 1) << arguments;
    EXPECT_EQ(run.err, full_message) << arguments;
  }
}

TEST_F(Output, AReaderThatHasGoneNeedsNoMessage) {
  folder.write("script.sh", "{ \"$@\"; echo $? >code; } | true\n");
  for (const char* arguments : {"export r --csv", "table tiny.toml --out - --set network.hidden=4",
                                "stats r", "--help", "merge r"}) {
    const ProgramRun run = run_qhn(folder, arguments, "sh ./script.sh");
    EXPECT_EQ(run.err, "") << arguments;
    const std::string code = content_of(folder / "code");
    EXPECT_TRUE(code == "141\n" || code == "0\n") << arguments << ": " << code;
  }
  // One that has surely gone.
  folder.write("script.sh", "{ sleep 0.3; \"$@\"; echo $? >code; } | true\n");
  EXPECT_EQ(run_qhn(folder, "export r --csv", "sh ./script.sh").err, "");
  EXPECT_EQ(content_of(folder / "code"), "141\n");
}

TEST_F(Output, ACampaignOutlivesItsStreams) {
  const auto results = [&](const std::string& out) {
    std::vector<RestartResult> all;
    for (const RestartRecord& r : read_campaign(folder / out).records) all.push_back(r.result);
    return all;
  };
  const auto expected = results("r");
  int number = 0;
  for (const auto& [streams, code] : {std::pair<std::string, int>{">full", 1},
                                      {">&-", 1},
                                      {"2>full", 0},
                                      {"2>&-", 0},
                                      {"<&- >&- 2>&-", 1},
                                      {">full 2>full", 1}})
    for (const std::string& launcher : {std::string(), mpirun(2)}) {
      if (!launcher.empty() && streams.find("full") == std::string::npos) continue;
      const std::string out = fmt::format("o{}", number++);
      // The launcher reads and writes for its ranks: theirs are replaced behind it.
      folder.write("script.sh", "exec \"$@\" " + streams + '\n');
      const ProgramRun run =
          run_qhn(folder, "train tiny.toml --out " + out, launcher + "sh ./script.sh");
      EXPECT_EQ(run.exit_code, code) << streams << launcher << run.err;
      EXPECT_EQ(results(out), expected) << streams << launcher;
    }
}

TEST_F(Output, SpecialFilesStayWhatTheyAre) {
  const std::string csv = run_qhn(folder, "export r --csv").out;
  const std::string qasm = run_qhn(folder, "export tiny.toml --openqasm3 --angles angles").out;
  for (const auto& [arguments, expected] :
       {std::pair<std::string, std::string>{"export r --csv --out ", csv},
        {"export tiny.toml --openqasm3 --angles angles --out ", qasm},
        {"table tiny.toml --out ", ""}}) {
    // Tables are told by their names.
    const bool table = arguments.starts_with("table");
    for (const std::string& end :
         table ? std::vector<std::string>{".txt", ".h5"} : std::vector<std::string>{""}) {
      const std::string run = arguments + "plain" + end;
      ASSERT_EQ(run_qhn(folder, run).exit_code, 0);
      const std::string whole = content_of(folder / ("plain" + end));
      if (!table) {
        EXPECT_EQ(whole, expected);
      }

      const auto expect_same = [&](const std::string& path) {
        const std::string text = content_of(path);
        if (!table) {
          EXPECT_EQ(text, whole);
        }
        // HDF5 notes the time.
        EXPECT_EQ(text.size(), whole.size());
        EXPECT_EQ(text.substr(0, 8), whole.substr(0, 8));
      };

      fs::create_symlink("null", folder / ("n" + end));
      EXPECT_EQ(run_qhn(folder, arguments + "n" + end).exit_code, 0);
      EXPECT_TRUE(is_device(folder / "null"));
      fs::create_symlink("full", folder / ("f" + end));
      const ProgramRun full = run_qhn(folder, arguments + "f" + end);
      EXPECT_EQ(full.exit_code, 1);
      EXPECT_EQ(full.err, "qhn: f" + end + ": cannot write: No space left on device\n");

      ASSERT_EQ(::mkfifo((folder / ("p" + end)).c_str(), 0600), 0);
      folder.write("script.sh", "cat p" + end + " >read &\n\"$@\" && wait\n");
      EXPECT_EQ(run_qhn(folder, arguments + "p" + end, "sh ./script.sh").exit_code, 0);
      expect_same(folder / "read");

      folder.write("target", "old");
      fs::permissions(folder / "target", fs::perms::owner_read | fs::perms::owner_write);
      fs::create_symlink("target", folder / ("l" + end));
      EXPECT_EQ(run_qhn(folder, arguments + "l" + end).exit_code, 0);
      expect_same(folder / "target");
      EXPECT_TRUE(fs::is_symlink(folder / ("l" + end)));
      EXPECT_EQ(fs::status(folder / "target").permissions(),
                fs::perms::owner_read | fs::perms::owner_write);
      for (const char* name : {"plain", "n", "f", "p", "l"}) fs::remove(folder / (name + end));
    }
  }
  EXPECT_EQ(run_qhn(folder, "export r --csv --out -").out, csv);
  EXPECT_EQ(run_qhn(folder, "export r --csv --out /dev/stdout").out, csv);
  EXPECT_EQ(run_qhn(folder, "new -").out.find("# An experiment for qhn"), 0u);
}

TEST_F(Output, NoVerbWritesOverWhatItReads) {
  folder.write("table.toml", "[problem]\nkind = \"table\"\ntable = \"t.txt\"\n");
  folder.write("t.txt", "1\n2\n3\n4\n");
  fs::create_symlink("t.txt", folder / "link.txt");
  fs::create_hard_link(folder / "t.txt", folder / "same.txt");
  for (const auto& [line, file] :
       {std::pair("export r --csv --out r/campaign.h5", "r/campaign.h5"),
        {"export tiny.toml --openqasm3 --angles angles --out tiny.toml", "tiny.toml"},
        {"export tiny.toml --openqasm3 --angles angles --out angles", "angles"},
        {"table table.toml --out t.txt", "t.txt"},
        {"table table.toml --out link.txt", "t.txt"},
        {"table table.toml --out same.txt", "t.txt"}}) {
    const std::string before = content_of(folder / file);
    const ProgramRun run = run_qhn(folder, line);
    EXPECT_EQ(run.exit_code, 2) << line;
    EXPECT_NE(run.err.find(": is an input file ("), std::string::npos) << run.err;
    EXPECT_EQ(content_of(folder / file), before) << line;
  }
  EXPECT_EQ(run_qhn(folder, "table table.toml --out other.txt").exit_code, 0);
}

TEST_F(Output, CampaignFilesKeepTheirModeAndMayBeLinks) {
  const std::string file = folder / "r/campaign.h5";
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_EQ(run_qhn(folder, "merge r").exit_code, 0);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  fs::rename(file, folder / "elsewhere.h5");
  fs::create_symlink("../elsewhere.h5", file);
  ASSERT_EQ(run_qhn(folder, "merge r").exit_code, 0);
  EXPECT_TRUE(fs::is_symlink(file));
  EXPECT_TRUE(fs::is_regular_file(folder / "elsewhere.h5"));
  // Another user's link: nothing behind it is touched.
  fs::copy_file(folder / "elsewhere.h5", folder / "victim");
  const std::string before = content_of(folder / "victim");
  fs::remove(file);
  fs::create_symlink("../victim", file);
  ASSERT_EQ(::lchown(file.c_str(), 1234, 1234), 0);
  const ProgramRun planted = run_qhn(folder, "merge r");
  EXPECT_EQ(planted.exit_code, 1);
  EXPECT_EQ(planted.err,
            "qhn: r/campaign.h5: cannot write: it is a link that another user made (uid 1234)\n");
  EXPECT_EQ(content_of(folder / "victim"), before);
  fs::remove(file);
  fs::create_symlink("../null", file);
  const ProgramRun device = run_qhn(folder, "merge r");
  EXPECT_NE(device.exit_code, 0);
  EXPECT_TRUE(device.err.starts_with("qhn: r/campaign.h5: ")) << device.err;
  EXPECT_TRUE(is_device(folder / "null"));
}

const std::string nasty = "a|b#c$d^e_f%g&h~i{j}k\\l<m>n[o]*p`q größe";

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; });
}

TEST_F(Output, NamesArePrintedSafely) {
  // ESC, a line break and a reversed direction, as TOML writes them.
  const std::string name = "name=\"x\\u001b[31my\\nz\\u202e\"";
  folder.write("script.sh", "shift 0; exec \"$@\" --set '" + name + "'\n");
  const ProgramRun run = run_qhn(folder, "train tiny.toml --threads 1 --out n", "sh ./script.sh");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* arguments :
       {"status n", "stats n", "stats n --format markdown", "stats n --format latex", "merge n",
        "compare n", "compare n --format markdown", "compare n --format latex",
        "stats n --format json"}) {
    const std::string out = run_qhn(folder, arguments).out;
    EXPECT_FALSE(has_control(out)) << arguments << out;
    EXPECT_EQ(out.find("\u202e") != std::string::npos, std::string(arguments).ends_with("json"))
        << arguments << out;
  }
  EXPECT_FALSE(has_control(run.err + run.out));
  EXPECT_NE(run_qhn(folder, "status n").out.find("x\\x1b[31my\\nz\\u202e: 6 of 6"),
            std::string::npos);
  // Paths in messages, and a name that is no UTF-8.
  const ProgramRun missing = run_qhn(folder, "stats \"$(printf 'no\\033[2J\\nsuch\\377')\"");
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.err.find("no\\x1b[2J\\nsuch\\xff"), std::string::npos) << missing.err;
  EXPECT_EQ(std::count(missing.err.begin(), missing.err.end(), '\n'), 1);
  fs::copy(folder / "r", folder / "odd\xff", fs::copy_options::recursive);
  const ProgramRun json = run_qhn(folder, "stats odd* --format json");
  EXPECT_EQ(json.exit_code, 0) << json.err;
  EXPECT_FALSE(nlohmann::json::parse(json.out, nullptr, false).is_discarded()) << json.out;
}

TEST(Tables, EscapeEveryCell) {
  const std::vector<Row> rows{{"gap < 1", "b"}, {nasty, "1\n2"}};
  EXPECT_EQ(markdown(rows),
            "| gap < 1 | b |\n|---|---|\n"
            "| a\\|b\\#c\\$d\\^e\\_f%g\\&h\\~i\\{j\\}k\\\\l\\<m>n[o]\\*p\\`q größe | "
            "1\\\\n2 |\n");
  EXPECT_EQ(markdown_text("[0.1, 0.2] [a](b) <= c"), "[0.1, 0.2] [a\\](b) <= c");
  EXPECT_EQ(latex(rows),
            "\\begin{tabular}{ll}\n\\hline\ngap \\textless{} 1 & b \\\\\n\\hline\n"
            "a\\textbar{}b\\#c\\$d\\textasciicircum{}e\\_f\\%g\\&h\\textasciitilde{}i\\{j\\}k"
            "\\textbackslash{}l\\textless{}m\\textgreater{}n{[}o]*p`q größe & "
            "1\\textbackslash{}n2 \\\\\n\\hline\n\\end{tabular}\n");
  EXPECT_EQ(aligned({{"größe", "b"}, {"1234567", "c"}, {"日本", "d\x1b"}}),
            "  größe     b\n  1234567   c\n  日本      d\\x1b\n");
}

TEST(Tables, QuoteCsvFields) {
  for (const auto& [text, expected] :
       {std::pair<std::string, std::string>{"plain text", "plain text"},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"a;b", "\"a;b\""},
        {"say \"x\"", "\"say \"\"x\"\"\""},
        {"a\nb", "\"a\nb\""},
        {"a\rb", "\"a\rb\""},
        {" a", "\" a\""},
        {"a\t", "\"a\t\""},
        {"a\x1b[1mb\tc", "a\\x1b[1mb\tc"}})
    EXPECT_EQ(csv_field(text), expected);
}

TEST(Progress, FitsAnyTerminal) {
  Progress::State s{57, 7, 200, 50, 21, 1e-5, 16.0};
  const std::string all = "57 of 200 restarts, 3.12/s, P(gap < 1e-05) = 0.42 so far, 0:46 left";
  EXPECT_EQ(Progress::describe(s), all);
  EXPECT_EQ(Progress::bar(s, 200), "[######..................] " + all);
  EXPECT_EQ(Progress::bar(s, 80), "[##.......] " + all);
  EXPECT_EQ(Progress::bar(s, 60), "[#####..............] 57 of 200 restarts, 3.12/s, 0:46 left");
  EXPECT_EQ(Progress::bar(s, 40), "[#......] 57 of 200 restarts, 0:46 left");
  EXPECT_EQ(Progress::bar(s, 20), "[##........] 57/200");
  EXPECT_EQ(Progress::bar(s, 8), "57/200");
  for (const std::uint64_t done : {57ull, 57000000ull, 200000000ull}) {
    s.done = done;
    s.restarts = 200000000;
    for (std::size_t columns = 0; columns < 200; ++columns)
      EXPECT_LE(Progress::bar(s, columns).size(), columns == 0 ? 0 : columns - 1);
  }
}

TEST(Progress, AsksTheTerminalAndTheEnvironment) {
  std::map<std::string, const char*> set;
  const auto environment = [&](const char* name) -> const char* {
    return set.count(name) ? set[name] : nullptr;
  };
  EXPECT_EQ(Progress::columns(0, environment), 80u);
  EXPECT_EQ(Progress::columns(132, environment), 132u);
  set["COLUMNS"] = "40";
  EXPECT_EQ(Progress::columns(0, environment), 40u);
  EXPECT_EQ(Progress::columns(132, environment), 132u);  // COLUMNS is of the time of login
  set["COLUMNS"] = "-3";
  EXPECT_EQ(Progress::columns(0, environment), 80u);
  EXPECT_FALSE(Progress::has_cursor(environment));
  set["TERM"] = "dumb";
  EXPECT_FALSE(Progress::has_cursor(environment));
  set["TERM"] = "xterm";
  EXPECT_TRUE(Progress::has_cursor(environment));
  EXPECT_TRUE(Progress::wants_escapes(environment));
  set["NO_COLOR"] = "";
  EXPECT_TRUE(Progress::wants_escapes(environment));
  set["NO_COLOR"] = "1";
  EXPECT_FALSE(Progress::wants_escapes(environment));
}

/// What a program writes to a terminal of so many columns; `see` may act on what came so far.
struct Terminal {
  int exit_code = -1;
  std::string screen;
};
Terminal run_on_terminal(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
                         unsigned short columns, const std::vector<std::string>& environment,
                         const std::function<bool(int terminal, const std::string&)>& see) {
  winsize size{24, columns, 0, 0};
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid == 0) {
    if (::chdir((folder / "").c_str()) != 0) ::_exit(99);
    for (const std::string& variable : environment) ::putenv(::strdup(variable.c_str()));
    std::vector<char*> words{const_cast<char*>(QHN_PROGRAM)};
    for (const std::string& word : arguments) words.push_back(::strdup(word.c_str()));
    words.push_back(nullptr);
    ::execv(words[0], words.data());
    ::_exit(98);
  }
  Terminal result;
  std::array<char, 4096> buffer;
  for (ssize_t n; (n = ::read(terminal, buffer.data(), buffer.size())) > 0;) {
    result.screen.append(buffer.data(), static_cast<std::size_t>(n));
    if (!see(terminal, result.screen)) break;
  }
  ::close(terminal);  // hangs up
  int status = 0;
  ::waitpid(pid, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// Widest row between two returns to the beginning of the line, and how many there were.
std::pair<std::size_t, int> rows_of_bar(const std::string& screen) {
  std::size_t widest = 0;
  int updates = 0;
  for (std::size_t at = 0; (at = screen.find("\r[", at)) != std::string::npos; ++updates) {
    const std::size_t end = screen.find_first_of("\r\x1b", ++at);
    widest = std::max(widest, std::min(end, screen.size()) - at);
  }
  return {widest, updates};
}

int count_of(const std::string& text, const std::string& word) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++count;
  return count;
}

const std::vector<std::string> endless{"train", "tiny.toml", "--restarts", "20000",
                                       "--out", "o",         "--threads",  "1"};

TEST(Progress, StaysOnOneRowOfATerminal) {
  for (const unsigned short columns : {80, 40, 20}) {
    const TemporaryFolder folder;
    folder.write("tiny.toml", tiny);
    bool told = false;
    const Terminal run = run_on_terminal(folder, endless, columns, {"TERM=xterm", "NO_COLOR="},
                                         [&](int terminal, const std::string& screen) {
                                           if (count_of(screen, "\r[") < 3 || told) return true;
                                           told = true;
                                           return ::write(terminal, "\x03", 1) == 1;  // Ctrl-C
                                         });
    EXPECT_EQ(run.exit_code, 75) << run.screen;
    const auto [widest, updates] = rows_of_bar(run.screen);
    EXPECT_LT(widest, columns) << run.screen;
    EXPECT_GE(updates, 3);
    EXPECT_NE(run.screen.find("\x1b[K"), std::string::npos);
    EXPECT_TRUE(std::regex_search(run.screen, std::regex("\x1b\\[K\r\nqhn: "))) << run.screen;
  }
}

TEST(Progress, FollowsAWindowThatIsResized) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", tiny);
  std::size_t resized = 0;
  bool told = false;
  const Terminal run =
      run_on_terminal(folder, endless, 120, {"TERM=xterm", "NO_COLOR="},
                      [&](int terminal, const std::string& screen) {
                        if (count_of(screen, "\r[") >= 2 && resized == 0) {
                          winsize size{24, 50, 0, 0};
                          ::ioctl(terminal, TIOCSWINSZ, &size);
                          resized = screen.size();
                        }
                        if (told || resized == 0 || count_of(screen.substr(resized), "\r[") < 3)
                          return true;
                        told = true;
                        return ::write(terminal, "\x03", 1) == 1;
                      });
  EXPECT_EQ(run.exit_code, 75);
  // One update may have been under way.
  const std::string after = run.screen.substr(run.screen.find("\r[", resized + 1) + 1);
  EXPECT_LT(rows_of_bar(after).first, 50u) << after;
}

TEST(Progress, SendsNoEscapesWhereNoneAreWanted) {
  for (const std::vector<std::string>& environment :
       {std::vector<std::string>{"TERM=xterm", "NO_COLOR=1"}, {"TERM=dumb"}}) {
    const TemporaryFolder folder;
    folder.write("tiny.toml", std::string(tiny) + "count = 300\n");
    const Terminal run =
        run_on_terminal(folder, {"train", "tiny.toml", "--out", "o", "--threads", "1"}, 80,
                        environment, [](int, const std::string&) { return true; });
    EXPECT_EQ(run.exit_code, 0) << run.screen;
    EXPECT_EQ(run.screen.find('\x1b'), std::string::npos) << run.screen;
    EXPECT_EQ(run.screen.find("\r[") == std::string::npos, environment.size() == 1) << run.screen;
  }
}

// The terminal goes away: what is finished is kept, and nobody is there to be told.
TEST(Progress, ATerminalThatHangsUpEndsARunCleanly) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", tiny);
  const Terminal run =
      run_on_terminal(folder, endless, 80, {"TERM=xterm", "NO_COLOR="},
                      [](int, const std::string& screen) { return count_of(screen, "\r[") < 3; });
  EXPECT_EQ(run.exit_code, 75);
  EXPECT_GT(read_campaign(folder / "o").records.size(), 0u);  // a busy machine is slow
  EXPECT_TRUE(!fs::exists(folder / "o/claims") || fs::is_empty(folder / "o/claims"));
}

TEST(Progress, NohupOutlivesTheHangUp) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", std::string(tiny) + "count = 40\n");
  folder.write("script.sh", R"sh(
nohup "$1" train tiny.toml --out o --announce ids >log 2>&1 & pid=$!
until [ -s ids ] || ! kill -0 $pid; do sleep 0.02; done
kill -HUP $pid
wait $pid
)sh");
  const ProgramRun run = run_qhn(folder, "", "sh ./script.sh");
  EXPECT_EQ(run.exit_code, 0) << content_of(folder / "log");
  EXPECT_EQ(read_campaign(folder / "o").records.size(), 40u);
}

// The meter looks at the idle machine for a second, twice, and repeats short phases: no time of the
// restarts.
TEST(Progress, TheTimeOfRestartsIsThatOfComputingThem) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", std::string(tiny) + "count = 3\n");
  fs::create_directories(folder / "rapl/intel-rapl:0");
  folder.write("rapl/intel-rapl:0/name", "package-0\n");
  folder.write("rapl/intel-rapl:0/max_energy_range_uj", "262143328850\n");
  const LivingFile counter(folder, "rapl/intel-rapl:0/energy_uj",
                           [&](int k) { return std::to_string(5000 * k) + "\n"; });
  while (!fs::exists(folder / "rapl/intel-rapl:0/energy_uj")) ::usleep(1000);
  const ProgramRun run = run_qhn(folder,
                                 "train tiny.toml --out o --threads 1 --set meter.powercap=rapl "
                                 "--set meter.owns_node=true");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::smatch found;
  ASSERT_TRUE(
      std::regex_search(run.err, found, std::regex("qhn: 3 restarts in ([0-9.]+) ([^ ]*s)\n")))
      << run.err;
  double seconds = 0.0;
  for (const RestartRecord& r : read_campaign(folder / "o").records) seconds += r.cost.seconds;
  const double unit = found[2] == "s" ? 1.0 : found[2] == "ms" ? 1e-3 : 1e-6;
  EXPECT_GT(std::stod(found[1]), 0.0);
  EXPECT_LT(std::stod(found[1]) * unit, seconds + 0.9) << run.err;
}

}  // namespace
}  // namespace qhn
