// Ranks that are given different things: refused alike by all ranks, in one line that names rank,
// host and file, and nothing is left behind.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "../record/temporary_folder.hpp"
#include "campaign/same_input.hpp"
#include "comm/processors.hpp"
#include "record/campaign_file.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

const std::string csv = R"(
[problem]
kind = "csv"
data = "plain.csv"
[network]
kind = "logistic"
[circuit]
sublayers = 3
[restarts]
count = 4
)";
const std::string plain = "x,y,label\n1,2,0\n2,1,1\n0.5,3,0\n3,0.25,1\n2,2,1\n";

/// What the ranks say; launchers add lines of their own.
std::string said(const ProgramRun& run) {
  std::string lines, line;
  for (std::istringstream text(run.err); std::getline(text, line);)
    if (line.rfind("qhn: ", 0) == 0) lines += line + '\n';
  return lines;
}

/// Folders a and b, the working folders of rank 0 and of the others.
class Alike : public ::testing::Test {
 protected:
  Alike() {
    for (const char* rank : {"a", "b"}) {
      std::filesystem::create_directories(folder_ / rank);
      write(rank, "e.toml", csv);
      write(rank, "plain.csv", plain);
    }
  }
  void write(const std::string& rank, const std::string& name, const std::string& text) const {
    folder_.write(rank + "/" + name, text);
  }

  // `first` on rank 0 in a, `second` on the others in b.
  ProgramRun run(const std::string& first, const std::string& second, int others = 1) const {
    const std::string a = folder_ / "a", b = folder_ / "b";
    const std::string start = fmt::format("timeout 60 {}1 --wdir {} {} {} : -n {} --wdir {} ",
                                          QHN_MPIRUN, a, QHN_PROGRAM, first, others, b);
    return run_qhn(folder_, second, start);
  }
  ProgramRun run(const std::string& words, int others = 1) const {
    return run(words, words, others);
  }

  void expect_refused(const ProgramRun& run, const std::string& what) const {
    EXPECT_EQ(run.exit_code, 2) << run.err;
    const std::string lines = said(run);
    EXPECT_EQ(lines.rfind("qhn: rank 1: on " + host_name() + ": ", 0), 0u) << run.err;
    EXPECT_NE(lines.find(what), std::string::npos) << what << " is not in " << run.err;
    EXPECT_EQ(lines.find('\n') + 1, lines.size()) << run.err;  // one line
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out")) << what;
  }

  const TemporaryFolder folder_;
};

TEST_F(Alike, SameFilesInOtherFoldersAreOneCampaign) {
  const std::string out = folder_ / "out";
  const ProgramRun two = run("train e.toml --out " + out);
  ASSERT_EQ(two.exit_code, 0) << two.err;
  EXPECT_EQ(read_campaign(out).records.size(), 4u);
}

TEST_F(Alike, OtherExperimentsAreRefused) {
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = csv;
    const std::size_t at = text.find(from);
    return at == std::string::npos ? text + to : text.replace(at, from.size(), to);
  };
  const std::string train = "train e.toml --out " + (folder_ / "out");
  const std::pair<std::string, std::string> changes[] = {
      {with("count = 4", "count = 5"), "restarts.count (there 4, here 5)"},
      {with("none", "seed = 2\n"), "restarts.seed (there nothing, here 2)"},
      {with("sublayers = 3", "sublayers = 2"), "circuit.sublayers (there 3, here 2)"},
      {with("none", "[meter]\nrepeat = false\n"), "meter.repeat (there nothing, here false)"},
      {with("none", "[statistics]\nepsilon = [0.1]\n"), "statistics.epsilon"},
      {"", "problem.kind"}};  // an empty file: all defaults
  for (const auto& [text, difference] : changes) {
    write("b", "e.toml", text);
    const ProgramRun refused = run(train);
    expect_refused(refused, "e.toml");
    expect_refused(refused, difference);
  }
  write("b", "e.toml", with("count = 4", "count = 5"));
  expect_refused(run("baseline e.toml --method descent --out " + (folder_ / "out")),
                 (folder_ / "b") + "/e.toml");
  expect_refused(run(train, 3), "restarts.count");
}

TEST_F(Alike, OtherDataIsRefused) {
  const std::string out = " --out " + (folder_ / "out");
  for (const std::string& data :
       {std::string("x,y,label\n1,2,1\n2,1,1\n0.5,3,0\n3,0.25,1\n2,2,1\n"), plain + "7,7,1\n",
        std::string("x,label\n1,0\n2,1\n")}) {
    write("b", "plain.csv", data);
    expect_refused(run("train e.toml" + out), (folder_ / "b") + "/plain.csv");
    expect_refused(run("baseline e.toml --method random" + out), "plain.csv");
  }
  std::filesystem::remove(folder_ / "b/plain.csv");
  const ProgramRun missing = run("train e.toml" + out);
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.err.find("rank 1: plain.csv"), std::string::npos) << missing.err;
}

TEST_F(Alike, OtherTestDataIsRefused) {
  for (const char* rank : {"a", "b"}) {
    write(rank, "test.csv", plain);
    write(rank, "e.toml",
          std::string(csv).replace(csv.find("[network]"), 0, "test_data = \"test.csv\"\n"));
  }
  write("b", "test.csv", plain + "1,1,0\n");
  expect_refused(run("train e.toml --out " + (folder_ / "out")), "/test.csv");
}

TEST_F(Alike, TablesThatDifferInOneValueAreRefused) {
  for (const char* rank : {"a", "b"}) {
    write(rank, "e.toml",
          "[problem]\nkind = \"table\"\ntable = \"t.txt\"\n[circuit]\nsublayers = 2\n"
          "[restarts]\ncount = 2\n");
    write(rank, "t.txt", rank[0] == 'a' ? "4\n3\n2\n1\n" : "4\n3\n2\n1.0000000000000002\n");
  }
  expect_refused(run("train e.toml --out " + (folder_ / "out")), "t.txt");
}

TEST_F(Alike, OtherAnglesAreRefused) {
  const std::string angles =
      "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8";
  write("a", "angles.txt", angles + "\n");
  write("b", "angles.txt", angles + "\n");
  const std::string evaluate = "evaluate e.toml --angles angles.txt --ranks-per-state 2";
  ASSERT_EQ(run(evaluate).exit_code, 0) << run(evaluate).err;
  write("b", "angles.txt", angles + "1\n");
  expect_refused(run(evaluate), (folder_ / "b") + "/angles.txt");
  expect_refused(run("sample e.toml --angles angles.txt --shots 10 --ranks-per-state 2"),
                 "angles.txt");
  write("b", "plain.csv", plain + "7,7,1\n");
  expect_refused(run(evaluate), "plain.csv");
}

TEST_F(Alike, OtherCommandLinesAreRefused) {
  const std::string train = "train e.toml --out " + (folder_ / "out");
  expect_refused(run(train, train + " --seed 5"), "the command line");
  expect_refused(run(train, train + " --ranks-per-state 2"), "--ranks-per-state 2");
  expect_refused(run(train, train + " --ids 0:2"), "--ids 0:2");
  expect_refused(run(train, train + " --simd baseline"), "--simd");
  expect_refused(run(train, "train e.toml --out " + (folder_ / "elsewhere")), "elsewhere");
  const ProgramRun threads = run(train + " --threads 1", train + " --threads=2");
  EXPECT_EQ(threads.exit_code, 0) << threads.err;  // no result depends on them
}

TEST_F(Alike, OtherFoldersOfACampaignAreRefused) {
  const ProgramRun refused = run("train e.toml --out results");
  expect_refused(refused, "the folder of the campaign differs from rank 0");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a/results"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "b/results"));
}

TEST_F(Alike, VariablesThatResultsDependOnAreRefused) {
  const std::string train = "train e.toml --out " + (folder_ / "out");
  const std::string start = fmt::format(
      "timeout 60 {}1 --wdir {} {} {} : -n 1 --wdir {} -x "
      "GLIBC_TUNABLES=glibc.malloc.check=0 ",
      QHN_MPIRUN, folder_ / "a", QHN_PROGRAM, train, folder_ / "a");
  expect_refused(run_qhn(folder_, train, start), "GLIBC_TUNABLES");
}

TEST_F(Alike, StandardInputIsRefusedOnSeveralRanks) {
  write(".", "e.toml", csv);
  write(".", "plain.csv", plain);
  for (const char* verb : {"train", "baseline"}) {
    const ProgramRun run =
        run_qhn(folder_, fmt::format("{} /dev/stdin --out out < e.toml", verb), mpirun(2));
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_NE(run.err.find("/dev/stdin: is not a regular file"), std::string::npos) << run.err;
    EXPECT_EQ(said(run).find('\n') + 1, said(run).size()) << run.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  }
  // One process can read a pipe, once; baseline would read it again for its methods.
  EXPECT_EQ(run_qhn(folder_, "train /dev/stdin --out out", "cat e.toml | ").exit_code, 0);
  EXPECT_EQ(run_qhn(folder_, "train e.toml --out file").exit_code, 0);
  const auto piped = read_campaign(folder_ / "out"), file = read_campaign(folder_ / "file");
  EXPECT_EQ(piped.experiment.substr(piped.experiment.find('\n')),  // after the name
            file.experiment.substr(file.experiment.find('\n')));
  ASSERT_EQ(piped.records.size(), file.records.size());
  EXPECT_EQ(piped.records[0].result, file.records[0].result);
  const ProgramRun valid = run_qhn(folder_, "validate /dev/stdin", "cat e.toml | ");
  EXPECT_NE(valid.out.find("kind = \"csv\""), std::string::npos) << valid.out;
  EXPECT_EQ(
      run_qhn(folder_, "baseline /dev/stdin --method random --out out2", "cat e.toml | ").exit_code,
      2);
}

// Each rank would read for itself, answer for itself and write over what the other wrote.
TEST_F(Alike, VerbsOfOneRankRefuseSeveral) {
  write(".", "e.toml", csv);
  write(".", "plain.csv", plain);
  std::filesystem::create_directory(folder_ / "o");
  write(".", "angles", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
  for (const char* verb :
       {"table e.toml --out t.h5", "evaluate e.toml --angles angles --ignore-extra",
        "sample e.toml --shots 9 --angles angles --ignore-extra", "validate e.toml", "plan e.toml",
        "export e.toml --openqasm3 --angles angles --ignore-extra --out c.qasm", "new x.toml",
        "status o", "stats o", "compare o", "merge o"}) {
    const ProgramRun run = run_qhn(folder_, verb, mpirun(2));
    EXPECT_EQ(run.exit_code, 2) << verb << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_NE(run.err.find(" runs on one rank, but the launcher started 2"), std::string::npos)
        << run.err;
    EXPECT_EQ(said(run).find('\n') + 1, said(run).size()) << run.err;
  }
  for (const char* file : {"t.h5", "c.qasm", "x.toml"})
    EXPECT_FALSE(std::filesystem::exists(folder_ / file)) << file;
  EXPECT_EQ(run_qhn(folder_, "table e.toml --json", mpirun(1)).exit_code, 0);
}

TEST(Agreement, ShowsWhatDiffers) {
  EXPECT_EQ(describe_difference("a", "b"), "there 'a', here 'b'");
  EXPECT_EQ(describe_difference("x = 1\ny = 2\n", "x = 1\ny = 3\n"), "y (there 2, here 3)");
}

}  // namespace
}  // namespace qhn
