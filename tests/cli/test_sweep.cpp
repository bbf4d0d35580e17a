// A sweep runs all its points through one farm; each is the campaign that it is alone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../record/temporary_folder.hpp"
#include "campaign_results.hpp"
#include "record/campaign_file.hpp"
#include "record/campaign_folder.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

/// Eight points: two data sets × two families × two depths, of different numbers of restarts.
class SweepVerb : public testing::Test {
 protected:
  SweepVerb() {
    folder.write("tiny.toml", keeping);
    folder.write("sweep.toml", keeping + R"(
[sweep]
problem.seed = "1..2"
circuit.family = ["product", "all-to-all"]
[[sweep.rows]]
circuit.sublayers = 1
restarts.count = 7
[[sweep.rows]]
circuit.sublayers = 3
restarts.count = 5
)");
    for (const int seed : {1, 2})
      for (const char* family : {"product", "all-to-all"})
        for (const auto& [sublayers, count] : {std::pair(1, 7), {3, 5}}) {
          points.push_back(fmt::format("seed={},family={},sublayers={},count={}", seed, family,
                                       sublayers, count));
          options.push_back(fmt::format(
              "--set problem.seed={} --set circuit.family={} --set circuit.sublayers={} "
              "--set restarts.count={}",
              seed, family, sublayers, count));
        }
  }

  // Every point is the same as a campaign of its own.
  void expect_points(const std::string& sweep) {
    for (std::size_t k = 0; k < points.size(); ++k) {
      const std::string alone = folder / ("alone-" + points[k]);
      if (!fs::exists(alone)) {
        const ProgramRun run = run_qhn(
            folder, fmt::format("train tiny.toml {} --out 'alone-{}'", options[k], points[k]));
        ASSERT_EQ(run.exit_code, 0) << run.err;
      }
      EXPECT_EQ(results_of((folder / sweep) + "/" + points[k]), results_of(alone)) << points[k];
      const CampaignReader a((folder / sweep) + "/" + points[k]), b(alone);
      EXPECT_EQ(a.head().table.reference.cost, b.head().table.reference.cost) << points[k];
      EXPECT_EQ(a.head().table.next_gaps, b.head().table.next_gaps) << points[k];
      // All but the name is the same.
      const auto without_name = [](const std::string& text) {
        return text.substr(text.find('\n'));
      };
      EXPECT_EQ(without_name(a.head().experiment), without_name(b.head().experiment)) << points[k];
    }
  }

  TemporaryFolder folder;
  std::vector<std::string> points, options;
};

TEST_F(SweepVerb, IsItsCampaignsOnAnyRanks) {
  for (const int ranks : {1, 3}) {
    const std::string out = fmt::format("o{}", ranks);
    const ProgramRun run = run_qhn(folder, "train sweep.toml --announce ids --out " + out,
                                   ranks == 1 ? "OMP_NUM_THREADS=2" : mpirun(ranks));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_words(run.err, {"8 points of problem.seed, circuit.family, circuit.sublayers",
                           "48 restarts of 8 points", "48 restarts in "});
    expect_words(run.out, {"seed", "family", "sublayers", "all-to-all", "gap < 0.01", out});
    expect_points(out);
    std::ifstream ids(folder / "ids");
    std::vector<std::string> lines;
    for (std::string line; std::getline(ids, line);) lines.push_back(line);
    EXPECT_EQ(lines.size(), 48u);
    std::ranges::sort(lines);
    EXPECT_EQ(std::ranges::adjacent_find(lines), lines.end());  // none is run twice
    EXPECT_TRUE(std::ranges::binary_search(lines, points[6] + " 6")) << lines[0];
    fs::remove(folder / "ids");
  }
}

// Two tasks of an array, then a run that has nothing left to do.
TEST_F(SweepVerb, IsDividedAndResumed) {
  ASSERT_EQ(run_qhn(folder, "train sweep.toml --out o --array-task 1/2").exit_code, 0);
  ProgramRun status = run_qhn(folder, "status o");
  expect_words(status.out, {"sweep: 20 of 48 restarts done, 28 missing; 0 of 8 points complete",
                            points[0] + ": 3 of 7", points[7] + ": 2 of 5"});
  EXPECT_EQ(run_qhn(folder, "status o --quiet").exit_code, 75);
  EXPECT_EQ(run_qhn(folder, "status o --quiet --array-task 1/2").exit_code, 0);
  EXPECT_EQ(run_qhn(folder, "status o --quiet --array-task 0/2").exit_code, 75);
  ASSERT_EQ(run_qhn(folder, "train sweep.toml --out o", mpirun(2)).exit_code, 0);
  expect_points("o");
  EXPECT_EQ(run_qhn(folder, "status o --quiet").exit_code, 0);
  const auto journals = journal_paths((folder / "o/") + points[0]);
  const ProgramRun again = run_qhn(folder, "train sweep.toml --out o");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(journal_paths((folder / "o/") + points[0]), journals);  // nothing was computed
  // One point alone, by its values and in its folder, is complete too.
  const ProgramRun point =
      run_qhn(folder, fmt::format("train tiny.toml {} --out 'o/{}'", options[3], points[3]));
  EXPECT_EQ(point.exit_code, 0) << point.err;
  // A further value of a key.
  ASSERT_EQ(
      run_qhn(folder, "train sweep.toml --out o --set 'sweep.problem.seed=\"1..3\"'").exit_code, 0);
  expect_words(run_qhn(folder, "status o").out, {"12 of 12 points complete"});
  expect_points("o");
}

// Signals while restarts run: finished ones are kept, begun ones continue from a checkpoint.
TEST_F(SweepVerb, GoesOnAfterSignals) {
  constexpr int killed = 128 + 10;  // USR1 before the program listens
  int interruptions = 0, code = -1;
  for (int run = 0; run < 40 && code != 0; ++run) {
    const ProgramRun part =
        run_qhn(folder, "train sweep.toml --out o --set optimizer.gradient_tolerance=1e-9",
                fmt::format("timeout --preserve-status -s USR1 {} ", 0.3 + 0.05 * run));
    code = part.exit_code;
    ASSERT_TRUE(code == 0 || code == 75 || code == killed) << code << part.err;
    if (code != 0) ++interruptions;
    EXPECT_EQ(run_qhn(folder, "status o --quiet").exit_code == 0, code == 0) << run;
  }
  EXPECT_GT(interruptions, 0);
  for (std::string& option : options) option += " --set optimizer.gradient_tolerance=1e-9";
  expect_points("o");
}

// A point that cannot run ends the sweep, but not before the points that wait for the farm have
// run.
TEST_F(SweepVerb, FinishesThePointsBeforeOneThatFails) {
  for (const int ranks : {1, 2}) {
    const std::string out = fmt::format("o{}", ranks);
    ASSERT_EQ(run_qhn(folder, fmt::format("train tiny.toml {} --seed 8 --out '{}/{}'", options[5],
                                          out, points[5]))
                  .exit_code,
              0);
    const ProgramRun run =
        run_qhn(folder, "train sweep.toml --out " + out, ranks == 1 ? "" : mpirun(ranks));
    EXPECT_EQ(run.exit_code, 2) << run.err;
    expect_words(run.err, {points[5], "restarts.seed (there 8, here 7)"});
    expect_words(run_qhn(folder, "status " + out).out,
                 {points[0] + ": 7 of 7", points[4] + ": 7 of 7", points[6] + ": 0 of 7"});
    // Without it the sweep goes on.
    fs::remove_all((folder / out) + "/" + points[5]);
    EXPECT_EQ(run_qhn(folder, "train sweep.toml --out " + out).exit_code, 0);
    expect_points(out);
  }
}

// Points with a stopping rule, and those with states on two ranks, have a farm each.
TEST_F(SweepVerb, RunsPointsOneAfterTheOther) {
  const std::string ruled =
      " --set sweep.rows=[{circuit.sublayers=2}] --set restarts.halfwidth=0.2 --set "
      "restarts.epsilon=0.1 --set restarts.max=150";
  ProgramRun run = run_qhn(folder, "train sweep.toml --out rule" + ruled, mpirun(2));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  expect_words(run_qhn(folder, "status rule").out, {"4 of 4 points complete"});
  run = run_qhn(folder, "train sweep.toml --out halves --ranks-per-state 2", mpirun(2));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(
      run_qhn(folder, fmt::format("train tiny.toml {} --ranks-per-state 2 --out half", options[6]),
              mpirun(2))
          .exit_code,
      0);
  EXPECT_EQ(results_of((folder / "halves/") + points[6]), results_of(folder / "half"));
}

// The parts of the points add up to the energy of the whole, and operations are counted for each.
TEST_F(SweepVerb, DividesTheEnergy) {
  ASSERT_EQ(
      run_qhn(folder, "train sweep.toml --out o --set meter.source=modelled", mpirun(2)).exit_code,
      0);
  ASSERT_EQ(
      run_qhn(folder,
              fmt::format("train tiny.toml {} --out alone --set meter.source=modelled", options[7]))
          .exit_code,
      0);
  const CampaignReader alone(folder / "alone");
  double seconds = 0.0, joules = 0.0;
  for (const std::string& point : points) {
    const CampaignReader campaign((folder / "o/") + point);
    ASSERT_EQ(campaign.head().energy.size(), 1u);
    EXPECT_EQ(campaign.head().energy[0].restarts, campaign.shape().count);
    for (const PhaseEnergy& phase : campaign.head().energy[0].phases) {
      if (phase.phase != "restarts" || phase.host != "all") continue;
      EXPECT_GT(phase.seconds, 0.0);
      seconds += phase.seconds;
      joules += phase.joules;
      if (point != points[7]) continue;
      for (const PhaseEnergy& its : alone.head().energy[0].phases) {
        if (its.phase == "restarts" && its.host == "all") {
          EXPECT_EQ(phase.flops, its.flops);
        }
      }
    }
  }
  EXPECT_LT(seconds, 60.0);
  EXPECT_GT(joules, 0.0);
}

TEST_F(SweepVerb, IsMergedAndShown) {
  ASSERT_EQ(run_qhn(folder, "train sweep.toml --out o").exit_code, 0);
  for (const std::string& point : points) fs::remove((folder / "o/") + point + "/campaign.h5");
  const ProgramRun merged = run_qhn(folder, "merge o");
  EXPECT_EQ(merged.exit_code, 0) << merged.err;
  expect_words(merged.out, {"8 of 8 points"});
  expect_points("o");
  const ProgramRun compared = run_qhn(folder, "compare o --format csv");  // two instances
  EXPECT_EQ(compared.exit_code, 0) << compared.err;
  expect_words(compared.out, {"all-to-all"});
  const ProgramRun json = run_qhn(folder, "stats o --format json");
  EXPECT_EQ(json.exit_code, 0) << json.err;
  expect_words(json.out, {points[0], points[7]});
  for (const std::string option :
       {"", " --energy", " --epsilon 0.5,0.1,0.05,0.04,0.03,0.02,0.01"}) {
    const ProgramRun stats = run_qhn(folder, "stats o" + option);
    EXPECT_EQ(stats.exit_code, 0) << stats.err;
    expect_words(stats.out, {"gap < 0.01", "1      product", "2      all-to-all"});
    EXPECT_EQ(stats.out.find("Joules") != std::string::npos, option == " --energy");
    std::istringstream lines(stats.out);
    for (std::string line; std::getline(lines, line);)
      if (option != " --energy") {
        EXPECT_LE(line.size(), 101u) << line;  // ε has two bytes
      }
  }
}

TEST_F(SweepVerb, RunsClassicalMethodsToo) {
  const std::string method = " --method descent,random,enumeration --set baseline.tuning=100";
  EXPECT_EQ(run_qhn(folder, "baseline sweep.toml --out b --quiet-status" + method).exit_code, 75);
  const ProgramRun run = run_qhn(folder, "baseline sweep.toml --out b" + method, mpirun(2));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run_qhn(folder, "baseline sweep.toml --out b --quiet-status" + method).exit_code, 0);
  EXPECT_EQ(run_qhn(folder, "status b/enumeration --quiet").exit_code, 0);
  for (const std::size_t k : {0u, 7u}) {
    const ProgramRun alone =
        run_qhn(folder, fmt::format("baseline tiny.toml --out a{} {}{}", k, options[k], method));
    ASSERT_EQ(alone.exit_code, 0) << alone.err;
    for (const std::string its : {"/descent", "/random"})
      EXPECT_EQ(results_of((folder / "b") + its + "/" + points[k]),
                results_of(folder / ("a" + std::to_string(k)) + its));
  }
  const ProgramRun more = run_qhn(
      folder,
      "baseline sweep.toml --out b --quiet-status --set 'sweep.problem.seed=\"1..3\"'" + method);
  EXPECT_EQ(more.exit_code, 75) << more.err;
}

TEST_F(SweepVerb, IsRefusedWhereItDoesNotFit) {
  const auto refused = [&](const std::string& arguments, const std::vector<std::string>& words) {
    const ProgramRun run = run_qhn(folder, arguments);
    EXPECT_EQ(run.exit_code, 2) << run.err;
    expect_words(run.err, words);
    EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << run.err;
  };
  for (const char* verb : {"table", "locality"})
    refused(fmt::format("{} sweep.toml", verb),
            {"sweep.toml:", "sweep: found values for problem.seed", "--set problem.seed="});
  const ProgramRun plan = run_qhn(folder, "plan sweep.toml");
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  expect_words(plan.out, {"sweep        8 points"});
  const ProgramRun valid = run_qhn(folder, "validate sweep.toml");
  EXPECT_EQ(valid.exit_code, 0) << valid.err;
  expect_words(valid.out, {"a sweep of 8 points", "seed = 1", "name = \"sweep\""});
  // A folder holds either a campaign or a sweep, and one sweep.
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 2 --out one").exit_code, 0);
  refused("train sweep.toml --out one", {"one: holds a campaign"});
  ASSERT_EQ(run_qhn(folder, "train sweep.toml --out o").exit_code, 0);
  refused("train tiny.toml --out o", {"o: is not empty and holds no campaign"});
  refused("train sweep.toml --out o --set problem.seed=1",
          {"holds a sweep over problem.seed, circuit.family", "--out DIR"});
  // A point that cannot run is named before anything is written.
  refused("train sweep.toml --out new --ids 0:6", {"sublayers=3,count=5: --ids: found 0:6"});
  refused("train sweep.toml --out new --set 'sweep.circuit.family=[\"linear\", \"none\"]'",
          {"family=none", "allowed"});
  EXPECT_FALSE(fs::exists(folder / "new"));
}

}  // namespace
}  // namespace qhn
