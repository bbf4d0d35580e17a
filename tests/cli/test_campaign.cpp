#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../record/temporary_folder.hpp"
#include "campaign/circuit_work.hpp"
#include "campaign/slice.hpp"
#include "campaign_results.hpp"
#include "record/campaign_file.hpp"
#include "record/campaign_folder.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

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

// Phases too short for the counters are repeated with starts that no campaign has.
TEST(Slices, OfARepetitionAreRestartsOfNoCampaign) {
  constexpr std::uint64_t far = std::uint64_t{1} << 28;
  const std::vector<IdRange> ids{{3, 5}, {20, 10}};
  EXPECT_EQ(fresh_ids(ids, 7, 1), (std::vector<IdRange>{{3 + far, 5}, {20 + far, 2}}));
  EXPECT_EQ(fresh_ids(ids, 15, 2), (std::vector<IdRange>{{3 + 2 * far, 5}, {20 + 2 * far, 10}}));
  EXPECT_EQ(fresh_ids(ids, 4, 3), (std::vector<IdRange>{{3 + 3 * far, 4}}));
}

// Every restart belongs to one task, whatever the numbers.
TEST(Slices, OfAnArrayAreAllOfItOnce) {
  EXPECT_EQ(slice_of("", "0/3", 7), (IdRange{0, 3}));
  EXPECT_EQ(slice_of("", "1/3", 7), (IdRange{3, 2}));
  EXPECT_EQ(slice_of("", "2/3", 7), (IdRange{5, 2}));
  for (std::uint64_t count = 1; count < 40; ++count)
    for (std::uint64_t tasks = 1; tasks <= count; ++tasks) {
      std::uint64_t next = 0;
      for (std::uint64_t task = 0; task < tasks; ++task) {
        const IdRange part = slice_of("", fmt::format("{}/{}", task, tasks), count);
        EXPECT_EQ(part.first, next);
        EXPECT_GE(part.count, count / tasks);
        EXPECT_LE(part.count, count / tasks + 1);
        next = part.end();
      }
      EXPECT_EQ(next, count);
    }
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
            "; the campaign was started with engine cut and continues with it");
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
  expect_words(status.out, {"51 of 60 restarts done, 9 missing",
                            "first 31 restarts; 20 more count once", "no run is active"});
  const ProgramRun stats = run_qhn(folder, "stats o");
  expect_words(stats.out, {"31 of 60", "20 more restarts are finished but not counted"});
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
$train --ids 0:90000000 --announce ids & pid=$!
until [ -s ids ] || ! kill -0 $pid; do sleep 0.05; done
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
                         "more count once", "o/campaign.h5"});
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
  // What campaign.h5 holds stays there; without it the record is lost.
  ASSERT_EQ(run_qhn(folder, "merge whole").exit_code, 0);
  EXPECT_EQ(results_of(folder / "whole"), whole);
  fs::remove(folder / "whole/campaign.h5");
  const ProgramRun merge = run_qhn(folder, "merge whole");
  EXPECT_EQ(merge.exit_code, 0);
  expect_words(merge.err, {journal.substr(journal.rfind('/')), "damaged", "from byte "});
  EXPECT_EQ(results_of(folder / "whole").size(), 59u);
  expect_words(run_qhn(folder, "status whole").out, {"59 of 60", "1 missing", "damaged"});
  // A torn last record: behind it there is only what the run took.
  std::ifstream whole_journal(journal, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(whole_journal), {}};
  fs::resize_file(journal, bytes.rfind("\xf1qh\xd7") - 9);
  fs::remove(folder / "whole/campaign.h5");
  expect_words(run_qhn(folder, "merge whole").err, {"the last record is incomplete"});
  EXPECT_EQ(results_of(folder / "whole").size(), 58u);
  const ProgramRun mend =
      run_qhn(folder, "train tiny.toml --restarts 60 --out whole --announce ids");
  ASSERT_EQ(mend.exit_code, 0) << mend.err;
  EXPECT_EQ(lines_of(folder / "ids"), 2u);
  EXPECT_EQ(results_of(folder / "whole"), whole);
}

// Journals purged from a scratch file system: what campaign.h5 holds is neither lost nor done
// again.
TEST_F(Campaign, GoesOnAfterAPurge) {
  const std::string train = "train tiny.toml --out o --announce ids --restarts ";
  ASSERT_EQ(run_qhn(folder, train + "31").exit_code, 0);
  ASSERT_EQ(run_qhn(folder, train + "60").exit_code, 0);
  const auto paths = journal_paths(folder / "o");
  ASSERT_EQ(paths.size(), 2u);
  // The journal of most restarts is the one that began with restart 31: the larger one.
  const bool second = fs::file_size(paths[0]) < fs::file_size(paths[1]);
  fs::remove(paths[second ? 0 : 1]);
  for (const char* verb : {"merge o", "status o", "stats o"})
    expect_words(run_qhn(folder, verb).out, {verb == std::string("status o") ? "60 of 60" : "/60"});
  EXPECT_EQ(results_of(folder / "o"), whole);
  fs::remove_all(folder / "o/journal");
  fs::remove(folder / "ids");
  ASSERT_EQ(run_qhn(folder, "merge o").exit_code, 0);
  expect_words(run_qhn(folder, "status o").out, {"60 of 60", "60 of them are only in campaign.h5"});
  EXPECT_EQ(run_qhn(folder, "status --quiet o").exit_code, 0);
  ASSERT_EQ(run_qhn(folder, train + "60").exit_code, 0);
  EXPECT_EQ(lines_of(folder / "ids"), 0u);  // nothing is computed again
  const ProgramRun more = run_qhn(folder, train + "64", mpirun(2));
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_EQ(lines_of(folder / "ids"), 4u);
  const auto now = results_of(folder / "o");
  ASSERT_EQ(now.size(), 64u);
  EXPECT_TRUE(std::equal(whole.begin(), whole.end(), now.begin()));
  expect_refused(run_qhn(folder, "train tiny.toml --restarts 60 --seed 8 --out o"),
                 {"restarts.seed (there 7, here 8)", "--set restarts.seed=7", "--out DIR"});

  // The same of classical methods, whose settings were tuned once.
  const std::string base = "baseline tiny.toml --method descent --out b --restarts ";
  ASSERT_EQ(run_qhn(folder, base + "20").exit_code, 0);
  const CampaignFile before = read_campaign(folder / "b/descent");
  fs::remove_all(folder / "b/descent/journal");
  ASSERT_EQ(run_qhn(folder, base + "25").exit_code, 0);
  const CampaignFile after = read_campaign(folder / "b/descent");
  EXPECT_EQ(after.records.size(), 25u);
  EXPECT_EQ(after.method.settings, before.method.settings);
  EXPECT_EQ(after.method.tuning, before.method.tuning);
  for (std::size_t i = 0; i < before.records.size(); ++i)
    EXPECT_EQ(after.records[i].result, before.records[i].result);
}

// A campaign.h5 that is not this campaign's, or damaged, is refused by every verb that would write.
TEST_F(Campaign, AForeignResultIsRefusedByName) {
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 5 --seed 8 --out other").exit_code, 0);
  const std::string result = folder / "whole/campaign.h5";
  const auto bytes_of = [](const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  const std::string good = bytes_of(result);
  std::string damaged = good;
  damaged.resize(good.size() / 2);
  for (const auto& [bad, words] : {std::pair(bytes_of(folder / "other/campaign.h5"),
                                             std::string("restarts.seed (there 7, here 8)")),
                                   {damaged, "damaged or incomplete"},
                                   {std::string("text"), "not an HDF5 file"}}) {
    folder.write("whole/campaign.h5", bad);
    for (const char* verb : {"merge whole", "status whole", "status --quiet whole",
                             "train tiny.toml --restarts 61 --out whole"})
      expect_refused(run_qhn(folder, verb), {"whole/campaign.h5", words, "allowed: "});
    EXPECT_EQ(bytes_of(result), bad);
  }
  folder.write("whole/campaign.h5", good);
  EXPECT_EQ(run_qhn(folder, "merge whole").exit_code, 0);
  EXPECT_EQ(results_of(folder / "whole"), whole);
}

// Two campaigns that begin in one empty folder at once, on restarts that do not overlap: one gets
// it.
TEST_F(Campaign, OfTwoThatBeginAtOnceOneIsRefused) {
  constexpr int restarts = sanitized ? 60 : 400;
  const std::string train = fmt::format(
      "\"$1\" train tiny.toml --restarts {} --out o --threads 1 --array-task", restarts);
  folder.write("script.sh", fmt::format("{0} 0/2 & a=$!\n{0} 1/2 --seed 8 & b=$!\n"
                                        "wait $a; A=$?\nwait $b; B=$?\necho codes $A $B\n",
                                        train));
  for (int turn = 0; turn < 3; ++turn) {
    fs::remove_all(folder / "o");
    const ProgramRun run = run_qhn(folder, "", "sh ./script.sh");
    const bool first = run.out.find("codes 0 2") != std::string::npos;
    EXPECT_TRUE(first || run.out.find("codes 2 0") != std::string::npos) << run.out << run.err;
    expect_words(run.err, {"holds another campaign: restarts.seed (there ", "--out DIR"});
    EXPECT_EQ(results_of(folder / "o").size(), restarts / 2u);
    EXPECT_EQ(run_qhn(folder, "status --quiet o").exit_code, 75);
    EXPECT_EQ(
        run_qhn(folder, fmt::format("status --quiet o --array-task {}/2", first ? 0 : 1)).exit_code,
        0);
    EXPECT_EQ(
        run_qhn(folder, fmt::format("status --quiet o --array-task {}/2", first ? 1 : 0)).exit_code,
        75);
  }
}

TEST_F(Campaign, AMixedFolderIsSeparatedByTheCommandThatTheMessageNames) {
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 9 --seed 8 --out 'the other'").exit_code,
            0);
  fs::create_directories(folder / "a b/journal");
  for (const char* from : {"whole", "the other"})
    for (const std::string& path : journal_paths(folder / from))
      fs::copy(path, folder / "a b/journal");
  const ProgramRun merge = run_qhn(folder, "merge 'a b'");
  expect_refused(merge, {"restarts.seed (there ", "`qhn merge 'a b' --separate`"});
  expect_refused(run_qhn(folder, "status 'a b'"), {"--separate"});
  expect_refused(run_qhn(folder, "train tiny.toml --restarts 60 --out 'a b'"), {"--separate"});
  const ProgramRun apart = run_qhn(folder, "merge 'a b' --separate");
  ASSERT_EQ(apart.exit_code, 0) << apart.err;
  expect_words(apart.out, {"a b: 1 journal stay", "a b-2: 1 journal moved here: restarts.seed"});
  EXPECT_EQ(results_of(folder / "a b"), whole);
  EXPECT_EQ(results_of(folder / "a b-2").size(), 9u);
  EXPECT_EQ(run_qhn(folder, "train tiny.toml --restarts 10 --seed 8 --out 'a b-2'").exit_code, 0);
}

TEST_F(Campaign, StatusAnswersScriptsByItsExitCode) {
  const auto status = [&](const std::string& rest) {
    const ProgramRun run = run_qhn(folder, "status --quiet " + rest);
    EXPECT_EQ(run.out, "");
    return run.exit_code;
  };
  EXPECT_EQ(status("whole"), 0);
  EXPECT_EQ(status("whole --restarts 60"), 0);
  EXPECT_EQ(status("whole --restarts 61"), 75);
  EXPECT_EQ(status("whole --restarts 61 --ids 0:60"), 0);
  EXPECT_EQ(status("whole --restarts 61 --ids 60:61"), 75);
  EXPECT_EQ(status("none"), 2);
  fs::create_directory(folder / "empty");
  EXPECT_EQ(status("empty"), 2);
  EXPECT_EQ(status("whole --array-task 3/3"), 2);
  // A slice is complete by itself; seven in three parts are 3, 2 and 2.
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 7 --array-task 1/3 --out o").exit_code, 0);
  EXPECT_EQ(status("o"), 75);
  EXPECT_EQ(status("o --array-task 1/3"), 0);
  EXPECT_EQ(status("o --array-task 0/3"), 75);
  EXPECT_EQ(status("o --array-task 2/3"), 75);
  EXPECT_EQ(status("o --ids 3:5"), 0);
  EXPECT_EQ(status("o --ids 2:5"), 75);
  expect_words(run_qhn(folder, "status o --array-task 1/3").out,
               {"2 of 2 restarts done, 0 missing"});
  const ProgramRun all = run_qhn(folder, "status o");
  expect_words(all.out, {"2 of 7 restarts done, 5 missing", "no run is active"});
  // How they ended adds up, and only what was asked about counts.
  const auto endings = [](const std::vector<RestartResult>& results) {
    std::string text;
    for (const Status s : {Status::converged, Status::iteration_limit, Status::stalled_line_search,
                           Status::diverged})
      if (const auto n = std::count_if(results.begin(), results.end(),
                                       [s](const RestartResult& r) { return r.status == s; }))
        text += fmt::format("{}{} {}", text.empty() ? "  ended: " : ", ", n, to_string(s));
    return text + "\n";
  };
  expect_words(all.out, {endings(results_of(folder / "o"))});
  expect_words(run_qhn(folder, "status whole").out, {endings(whole)});
  expect_words(run_qhn(folder, "status whole --ids 10:30").out,
               {endings({whole.begin() + 10, whole.begin() + 30}), "20 of 20 restarts done"});
  // Classical methods: each of them.
  const std::string base = "baseline tiny.toml --out b --quiet-status --restarts ";
  EXPECT_EQ(run_qhn(folder, base + "4 --method random,descent").exit_code, 75);
  ASSERT_EQ(run_qhn(folder, "baseline tiny.toml --out b --restarts 4 --method random").exit_code,
            0);
  EXPECT_EQ(run_qhn(folder, base + "4 --method random").exit_code, 0);
  EXPECT_EQ(run_qhn(folder, base + "4 --method random,descent").exit_code, 75);
  EXPECT_EQ(run_qhn(folder, base + "5 --method random").exit_code, 75);
}

// What a campaign is does not depend on where its files are, nor on their names.
TEST_F(Campaign, TheSameDataElsewhereGoesOn) {
  std::string rows = "x,y,label\n";
  for (int i = 0; i < 40; ++i) rows += fmt::format("{},{},{}\n", i % 7 - 3, i % 5 - 2, i % 2);
  folder.write("a.csv", rows);
  fs::create_directory(folder / "there");
  folder.write("there/b.csv", rows);
  folder.write("there/other.csv", rows + "1,1,1\n");
  const std::string experiment =
      "[problem]\nkind = \"csv\"\ndata = \"{}\"\ntest_data = \"{}\"\n[network]\nhidden = 2\n"
      "[circuit]\nsublayers = 2\n[restarts]\nseed = 3\n";
  folder.write("e.toml", fmt::format(fmt::runtime(experiment), "a.csv", "there/b.csv"));
  ASSERT_EQ(run_qhn(folder, "train e.toml --restarts 3 --out r").exit_code, 0);
  const ProgramRun moved =
      run_qhn(folder,
              "train e.toml --restarts 5 --out r --set problem.data=there/b.csv --set "
              "problem.test_data=a.csv --set name=renamed");
  EXPECT_EQ(moved.exit_code, 0) << moved.err;
  EXPECT_EQ(results_of(folder / "r").size(), 5u);
  fs::copy(folder / "e.toml", folder / "there/copy.toml");
  EXPECT_EQ(run_qhn(folder, "train there/copy.toml --restarts 6 --out r").exit_code, 0);
  expect_refused(
      run_qhn(folder, "train e.toml --restarts 7 --out r --set problem.data=there/other.csv"),
      {"holds another campaign: data_sha256", "the data that it was begun with"});
  expect_refused(
      run_qhn(folder, "train e.toml --restarts 7 --out r --set problem.test_data=there/other.csv"),
      {"holds another campaign: test_sha256"});

  std::string costs;
  for (int i = 0; i < 16; ++i) costs += fmt::format("{}\n", (i * 7) % 16);
  folder.write("t.txt", costs);
  folder.write("there/u.txt", costs);
  folder.write("t.toml",
               "[problem]\nkind = \"table\"\ntable = \"t.txt\"\n[circuit]\nsublayers = 2\n");
  ASSERT_EQ(run_qhn(folder, "train t.toml --restarts 3 --out t").exit_code, 0);
  EXPECT_EQ(run_qhn(folder, "train t.toml --restarts 4 --out t --set problem.table=there/u.txt")
                .exit_code,
            0);
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
                          "finished restarts are kept"});
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
  folder.write("slow.toml", keeping + "count = 2\n");
  constexpr int hidden = sanitized ? 3 : 4, sublayers = sanitized ? 8 : 12;
  const std::string train = fmt::format(
      "train slow.toml --threads 1 --set network.hidden={} --set circuit.sublayers={} "
      "--set optimizer.max_iterations=150 --out ",
      hidden, sublayers);
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
    if (run_qhn(folder, "status o").out.find("unfinished restart") != std::string::npos) ++saved;
  }
  EXPECT_GT(saved, 0);
  EXPECT_EQ(results_of(folder / "o"), results_of(folder / "whole"));
}

}  // namespace
}  // namespace qhn
