#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../io/temporary_folder.hpp"
#include "app/circuit_work.hpp"
#include "io/campaign_file.hpp"
#include "io/campaign_folder.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

std::vector<RestartResult> results_of(const std::string& folder) {
  std::vector<RestartResult> results;
  for (const RestartRecord& record : read_campaign(folder).records)
    results.push_back(record.result);
  return results;
}

void expect_words(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    EXPECT_NE(text.find(word), std::string::npos) << "'" << word << "' not in: " << text;
}

void expect_refused(const ProgramRun& run, const std::vector<std::string>& words) {
  EXPECT_EQ(run.exit_code, 2) << run.err;
  expect_words(run.err, words);
}

/// The tiny experiment, and its 60 restarts run without a break.
class Campaign : public testing::Test {
 protected:
  Campaign() {
    folder.write("tiny.toml", tiny);
    EXPECT_EQ(run_qhn(folder, "train tiny.toml --restarts 60 --out whole").exit_code, 0);
    whole = results_of(folder / "whole");
    EXPECT_EQ(whole.size(), 60u);
  }
  TemporaryFolder folder;
  std::vector<RestartResult> whole;
};

std::size_t lines_of(const std::string& path) {
  std::ifstream file(path);
  return static_cast<std::size_t>(
      std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n'));
}

TEST_F(Campaign, GoesOnWithMoreRestartsOnOtherRanks) {
  int runs = 0;
  for (const auto& [restarts, launcher] :
       {std::pair(5, mpirun(2)), {6, std::string()}, {40, mpirun(4)}, {60, mpirun(3)}}) {
    const ProgramRun run = run_qhn(
        folder, fmt::format("train tiny.toml --restarts {} --out o --announce ids", restarts),
        launcher);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(results_of(folder / "o").size(), static_cast<std::size_t>(restarts));
    EXPECT_EQ(lines_of(folder / "ids"), static_cast<std::size_t>(restarts));  // none is done twice
    EXPECT_EQ(journal_paths(folder / "o").size(), static_cast<std::size_t>(++runs));
  }
  EXPECT_EQ(results_of(folder / "o"), whole);
  // Nothing is missing: nothing is computed.
  const ProgramRun again = run_qhn(folder, "train tiny.toml --restarts 60 --out o");
  EXPECT_EQ(again.exit_code, 0);
  expect_words(again.out, {"o/campaign.h5"});
  EXPECT_EQ(journal_paths(folder / "o").size(), 4u);
  expect_refused(run_qhn(folder, "train tiny.toml --restarts 10 --out o"),
                 {"10 restarts", "at least 60"});
}

TEST_F(Campaign, ADifferentOneIsRefusedWithTheKeysThatDiffer) {
  expect_refused(
      run_qhn(folder, "train tiny.toml --out whole --set circuit.sublayers=3 --seed 8"),
      {"whole", "circuit.sublayers (there 4, here 3)", "restarts.seed (there 7, here 8)", "--out"});
  expect_refused(run_qhn(folder, "train tiny.toml --out whole --engine reference", mpirun(2)),
                 {"engine (there ", "here reference"});
  expect_refused(run_qhn(folder, "train tiny.toml --out whole --set problem.seed=2"),
                 {"data_sha256", "problem.seed"});
  const ProgramRun simd = run_qhn(folder, "train tiny.toml --out whole --simd baseline");
  if (simd.err.find("baseline") != std::string::npos) {
    EXPECT_EQ(simd.exit_code, 2) << simd.err;
  }
  EXPECT_EQ(results_of(folder / "whole"), whole);
}

// Which engine is automatic depends on memory; a campaign keeps to what its first run took.
TEST_F(Campaign, KeepsToItsEngine) {
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 9 --out o --engine sweep").exit_code, 0);
  const auto before = results_of(folder / "o");
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 12 --out o", mpirun(2)).exit_code, 0);
  const CampaignFile campaign = read_campaign(folder / "o");
  EXPECT_EQ(campaign.provenance.engine, "sweep");
  ASSERT_EQ(campaign.records.size(), 12u);
  for (const RestartResult& result : before) EXPECT_EQ(campaign.records[result.id].result, result);
  expect_refused(run_qhn(folder, "train tiny.toml --restarts 12 --out o --engine cut"),
                 {"engine (there sweep, here cut)"});

  const auto engine_with = [&](double room, const std::string& begun_with) {
    const auto work = make_circuit_work(1);
    const Experiment experiment =
        work->read(folder / "tiny.toml", {"circuit.sublayers=10", "engine.kind=automatic"});
    work->prepare(make_problem(experiment.problem), {room, begun_with});
    return std::pair(work->engine(), work->remark() + work->remedies(room));
  };
  EXPECT_EQ(engine_with(1e9, "").first, "cut");
  EXPECT_EQ(engine_with(1e5, "").first, "sweep");
  expect_words(engine_with(1e5, "").second, {"engine sweep: cut takes fewer operations, but "});
  EXPECT_EQ(engine_with(1e9, "sweep").first, "sweep");
  EXPECT_EQ(engine_with(1e5, "cut").first, "cut");
  EXPECT_EQ(engine_with(1e5, "cut").second,
            "; the campaign was begun with engine cut and keeps to it");
  EXPECT_EQ(engine_with(1e9, "sweep on 2 ranks").first, "cut");  // another campaign: refused
}

TEST_F(Campaign, SlicesShareAFolder) {
  const std::string train = "train tiny.toml --restarts 60 --out o --threads 1 ";
  // Three at once; the last makes campaign.h5.
  folder.write("script.sh", "train=\"$1 " + train + R"("
$train --array-task 0/3 & first=$!
$train --array-task 2/3 & second=$!
$train --ids 20:31 && wait $first && wait $second
)");
  const ProgramRun both = run_qhn(folder, "", "sh ./script.sh");
  ASSERT_EQ(both.exit_code, 0) << both.err;
  EXPECT_EQ(results_of(folder / "o").size(), 51u);
  const ProgramRun status = run_qhn(folder, "status o");
  expect_words(status.out,
               {"51 of 60 restarts done, 9 missing", "first 31; 20 more wait", "no run is alive"});
  const ProgramRun stats = run_qhn(folder, "stats o");
  expect_words(stats.out, {"31 of 60", "20 more restarts are finished and wait"});
  EXPECT_EQ(run_qhn(folder, train + "--array-task 1/3").exit_code, 0);
  EXPECT_EQ(results_of(folder / "o"), whole);

  expect_refused(run_qhn(folder, train + "--ids 5:3"), {"--ids", "5:3", "60"});
  expect_refused(run_qhn(folder, train + "--ids 50:61"), {"--ids", "50:61", "60"});
  expect_refused(run_qhn(folder, train + "--array-task 3/3"), {"--array-task", "3/3"});
  expect_refused(run_qhn(folder, train + "--array-task three"), {"--array-task", "three"});
}

// While one works on the folder, its status can be seen, its journal merged, and no other may.
TEST_F(Campaign, ALiveRunHoldsItsRestarts) {
  folder.write("script.sh", R"(train="$1 train tiny.toml --restarts 100000000 --out o"
$train --ids 0:90000000 & pid=$!
sleep 3
$train --ids 89999999:100000000
echo second $?
"$1" status o
"$1" merge o
kill -USR1 $pid
wait $pid
)");
  const ProgramRun run = run_qhn(folder, "", "sh ./script.sh");
  EXPECT_EQ(run.exit_code, 75) << run.err;
  expect_words(run.out, {"second 2", "running: restarts 0 to 89999999, host ", "rate: ", " left",
                         "more wait", "o/campaign.h5"});
  expect_words(run.err, {"another run works on it: restarts 0 to 89999999, host "});
  EXPECT_TRUE(!fs::exists(folder / "o/claims") || fs::is_empty(folder / "o/claims"));
}

TEST_F(Campaign, CampaignFileAndJournalAreMended) {
  fs::remove(folder / "whole/campaign.h5");
  expect_refused(run_qhn(folder, "stats whole"), {"qhn merge whole"});
  ASSERT_EQ(run_qhn(folder, "merge whole").exit_code, 0);
  EXPECT_EQ(results_of(folder / "whole"), whole);

  // A flipped byte in the middle of the journal.
  const std::string journal = journal_paths(folder / "whole").at(0);
  const auto middle = static_cast<std::streamoff>(fs::file_size(journal) / 2);
  {
    std::fstream file(journal, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(middle);
    const char byte = static_cast<char>(file.get());
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 16));
  }
  const ProgramRun merge = run_qhn(folder, "merge whole");
  EXPECT_EQ(merge.exit_code, 0);
  expect_words(merge.err, {journal.substr(journal.rfind('/')), "damaged", "from byte "});
  EXPECT_EQ(results_of(folder / "whole").size(), 59u);
  expect_words(run_qhn(folder, "status whole").out, {"59 of 60", "1 missing", "damaged"});
  // A torn last record: behind it there is only what the run took.
  std::ifstream whole_journal(journal, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(whole_journal), {}};
  fs::resize_file(journal, bytes.rfind("\xf1qh\xd7") - 9);
  expect_words(run_qhn(folder, "merge whole").err, {"not written to its end"});
  EXPECT_EQ(results_of(folder / "whole").size(), 58u);
  const ProgramRun mend =
      run_qhn(folder, "train tiny.toml --restarts 60 --out whole --announce ids");
  ASSERT_EQ(mend.exit_code, 0) << mend.err;
  EXPECT_EQ(lines_of(folder / "ids"), 2u);
  EXPECT_EQ(results_of(folder / "whole"), whole);
}

// A file system of 48 KiB where one may be mounted, else a limit on the size of files.
TEST_F(Campaign, AFullDiskEndsTheRunAndNothingIsLost) {
  fs::create_directory(folder / "small");
  const std::string place = folder / "small";
  const bool mounted =
      std::system(("mount -t tmpfs -o size=48k none '" + place + "' 2>/dev/null").c_str()) == 0;
  const std::string train = "train tiny.toml --restarts 60 --out small/o --announce ids";
  const ProgramRun full = run_qhn(folder, train, mounted ? "" : "ulimit -f 24;");
  EXPECT_EQ(full.exit_code, 1) << full.err;
  expect_words(full.err, {"small/o/journal/", mounted ? "No space left" : "File too large",
                          "what is finished is kept"});
  const std::size_t announced = lines_of(folder / "ids");
  EXPECT_GT(announced, 3u);
  EXPECT_LT(announced, 60u);
  // Nor can campaign.h5 be written, on a disk that is really full (the last records came together,
  // and what was left may hold a small file): the journal is still there.
  if (mounted) {
    EXPECT_NE(std::system(("cat /dev/zero >'" + place + "/filler' 2>/dev/null").c_str()), 0);
  }
  EXPECT_EQ(run_qhn(folder, "merge small/o", mounted ? "" : "ulimit -f 8;").exit_code, 1);
  expect_words(run_qhn(folder, "status small/o").out, {fmt::format("{} of 60", announced)});

  if (mounted) {
    fs::remove(folder / "small/filler");
    ASSERT_EQ(std::system(("mount -o remount,ro '" + place + "'").c_str()), 0);
    expect_refused(run_qhn(folder, train), {"small/o", "cannot be written", "Read-only"});
    ASSERT_EQ(std::system(("mount -o remount,rw,size=4m '" + place + "'").c_str()), 0);
  }
  const ProgramRun rest = run_qhn(folder, train);
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(lines_of(folder / "ids"), 60u);
  if (rest.exit_code == 0) {
    EXPECT_EQ(results_of(folder / "small/o"), whole);
  }
  if (mounted) {
    EXPECT_EQ(std::system(("umount '" + place + "'").c_str()), 0);
  }
}

TEST_F(Campaign, RunsUntilTheIntervalIsNarrow) {
  const std::string train =
      "train tiny.toml --set restarts.halfwidth=0.08 --set restarts.epsilon=1e-3 --set "
      "restarts.max=2000 --set restarts.keep_angles=false --out ";
  ASSERT_EQ(run_qhn(folder, train + "one --threads 1").exit_code, 0);
  const auto one = results_of(folder / "one");
  EXPECT_GE(one.size(), 100u);
  EXPECT_LT(one.size(), 300u);
  for (const int ranks : {2, 4}) {
    const std::string out = fmt::format("r{}", ranks);
    ASSERT_EQ(run_qhn(folder, train + out, mpirun(ranks)).exit_code, 0);
    EXPECT_EQ(results_of(folder / out), one) << ranks;
  }
  EXPECT_EQ(read_campaign(folder / "one").restarts_requested, one.size());
  // Narrower later on: the campaign goes on.
  const ProgramRun narrower =
      run_qhn(folder,
              "train tiny.toml --set restarts.relative_tts=1.5 --set restarts.epsilon=1e-3 "
              "--set restarts.max=2000 --set restarts.keep_angles=false --out one");
  ASSERT_EQ(narrower.exit_code, 0) << narrower.err;
  const auto more = results_of(folder / "one");
  ASSERT_GT(more.size(), one.size());
  EXPECT_TRUE(std::equal(one.begin(), one.end(), more.begin()));
  expect_refused(run_qhn(folder, train + "one --restarts 7"), {"restarts.count", "restarts.max"});
  expect_refused(run_qhn(folder, train + "one --ids 0:5"), {"--ids", "restarts.count"});
}

// Restarts of seconds, interrupted in the middle again and again: they go on, and end the same.
TEST(LongRestarts, GoOnWhereTheyWereInterrupted) {
  const TemporaryFolder folder;
  folder.write("slow.toml", std::string(tiny) + "count = 2\n");
  const std::string train =
      "train slow.toml --threads 1 --set network.hidden=4 --set circuit.sublayers=8 --out ";
  ASSERT_EQ(run_qhn(folder, train + "whole").exit_code, 0);
  // The signal comes half a second after the run has claimed its restarts, and later each time: a
  // slow build must get further than its first iteration.
  folder.write("script.sh", "$1 " + train + R"sh(o & pid=$!
until [ -n "$(ls o/claims 2>/dev/null)" ] || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
sleep $PAUSE
kill -$SIGNAL $pid 2>/dev/null
wait $pid
)sh");
  int interrupts = 0, saved = 0;
  for (ProgramRun run; run.exit_code != 0; ++interrupts) {
    ASSERT_LT(interrupts, 100);
    run = run_qhn(folder, "",
                  fmt::format("SIGNAL={} PAUSE={:.2f} sh ./script.sh",
                              interrupts % 2 == 0 ? "USR1" : "TERM", 0.5 + 0.25 * interrupts));
    ASSERT_TRUE(run.exit_code == 0 || run.exit_code == 75) << run.exit_code << run.err;
    if (run_qhn(folder, "status o").out.find("in flight saved") != std::string::npos) ++saved;
  }
  EXPECT_GT(saved, 0);
  EXPECT_EQ(results_of(folder / "o"), results_of(folder / "whole"));
}

}  // namespace
}  // namespace qhn
