#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "../perf/living_file.hpp"
#include "../record/temporary_folder.hpp"
#include "campaign_results.hpp"
#include "problem/problem.hpp"
#include "record/campaign_file.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

const std::string quick = std::string(tiny) + R"(
[baseline]
tuning = 600
[baseline.nested]
epochs = 2
)";

void expect_refused(const ProgramRun& run, const std::vector<std::string>& words) {
  EXPECT_EQ(run.exit_code, 2) << run.err;
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  for (const std::string& word : words)
    EXPECT_NE(run.err.find(word), std::string::npos) << "'" << word << "' not in: " << run.err;
}

class Baseline : public testing::Test {
 protected:
  Baseline() { folder.write("tiny.toml", quick); }
  ProgramRun baseline(const std::string& arguments, const std::string& launcher = "") {
    const ProgramRun run = run_qhn(folder, "baseline tiny.toml " + arguments, launcher);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run;
  }
  TemporaryFolder folder;
};

TEST_F(Baseline, RunsEveryMethodAsACampaignThatStatsReads) {
  const ProgramRun run = baseline("--restarts 4");
  EXPECT_NE(run.err.find("the whole nested search costs 12.00 inner trainings"), std::string::npos)
      << run.err;
  const std::string results = folder / "results/tiny-baseline/";
  for (const std::string method : {"random", "descent", "annealing", "cross-entropy", "enumeration",
                                   "ste", "proxquant", "signsgd", "nested-grid-ste"}) {
    SCOPED_TRACE(method);
    const CampaignFile campaign = read_campaign(results + method);
    EXPECT_EQ(campaign.records.size(), method == "enumeration" ? 1u : 4u);
    std::string words = method;
    if (method.starts_with("nested")) std::replace(words.begin(), words.end(), '-', ' ');
    EXPECT_EQ(campaign.method.name, words);
    EXPECT_EQ(campaign.name, "tiny " + words);
    EXPECT_EQ(campaign.table.samples, 100u);
    for (const RestartRecord& record : campaign.records) {
      EXPECT_GT(record.result.oracle.total().samples, 0u);
      EXPECT_GE(record.result.gap, 0.0);
    }
    // All that have something to choose got the budget, and no more.
    const bool tuned = method != "random" && method != "descent" && method != "enumeration";
    EXPECT_LE(campaign.method.tuning.samples, 600u * 100);
    EXPECT_EQ(campaign.method.tuning.samples > 500u * 100, tuned);
  }
  EXPECT_EQ(read_campaign(results + "enumeration").records[0].result.oracle.total(),
            (OracleCount{1024, 1024, 102400}));
  EXPECT_EQ(read_campaign(results + "enumeration").records[0].result.gap, 0.0);
  const ProgramRun stats = run_qhn(folder, "stats results/tiny-baseline/*");
  EXPECT_EQ(stats.exit_code, 0) << stats.err;
  EXPECT_NE(stats.out.find("tiny nested grid ste"), std::string::npos);
}

double total_of(const std::string& folder, const std::string& phase, const std::string& host,
                double PhaseEnergy::*what) {
  double sum = 0.0;
  int rows = 0;
  for (const RunEnergy& run : read_campaign(folder).energy)
    for (const PhaseEnergy& p : run.phases)
      if (p.phase == phase && (p.host == "all") == (host == "all")) sum += p.*what, ++rows;
  EXPECT_EQ(rows, 1) << phase << ' ' << host;
  return sum;
}

// Against counts made by hand: 10 bits, 100 samples, two hidden units of 2 inputs.
TEST_F(Baseline, CountsOperationsAndModelsJoules) {
  baseline("--restarts 3 --method descent,ste --out out");
  const std::string descent = folder / "out/descent", ste = folder / "out/ste";
  // 136 pairs of 16 patterns, 2 activations, 2 + 11 flops.
  EXPECT_EQ(total_of(descent, "table", "all", &PhaseEnergy::flops), 136 * 2 * 100 * 13);
  EXPECT_EQ(total_of(descent, "table", "all", &PhaseEnergy::bytes), 8 * 1024);
  EXPECT_EQ(total_of(descent, "restarts", "all", &PhaseEnergy::flops), 0.0);
  EXPECT_EQ(total_of(descent, "restarts", "all", &PhaseEnergy::exchanged), 0.0);
  double evaluations = 0.0, samples = 0.0;
  for (const RestartResult& r : results_of(descent)) evaluations += r.evaluations;
  EXPECT_EQ(total_of(descent, "restarts", "all", &PhaseEnergy::bytes), 8 * evaluations);
  // 6 weights a sample: 4 to the hidden units, 2 from them.
  for (const RestartResult& r : results_of(ste))
    samples += static_cast<double>(r.oracle.total().samples);
  EXPECT_EQ(total_of(ste, "restarts", "all", &PhaseEnergy::flops), 12 * samples);
  const auto tuning = static_cast<double>(read_campaign(ste).method.tuning.samples);
  EXPECT_EQ(total_of(ste, "tuning", "all", &PhaseEnergy::flops), 12 * tuning);
  const RunEnergy run = read_campaign(ste).energy.at(0);
  EXPECT_EQ(run.restarts, 3u);
  const PhaseEnergy& last = run.phases.back();
  EXPECT_EQ(last.method, "modelled:cpu");
  EXPECT_DOUBLE_EQ(last.joules, 670e-12 * last.flops + 122 * last.seconds);
}

// Two ranks of one node, and counters that a thread of this test moves.
TEST_F(Baseline, CountersAreReadByOneRankOfTheNode) {
  constexpr bool slow = sanitized;  // on a busy machine the restarts take long enough for 1 %
  std::filesystem::create_directories(folder / "rapl/intel-rapl:0");
  folder.write("rapl/intel-rapl:0/name", "package-0\n");
  folder.write("rapl/intel-rapl:0/max_energy_range_uj", "262143328850\n");
  const LivingFile counter(folder, "rapl/intel-rapl:0/energy_uj",
                           [](int k) { return std::to_string(5000 * k) + "\n"; });
  while (!std::filesystem::exists(folder / "rapl/intel-rapl:0/energy_uj")) ::usleep(1000);
  const ProgramRun run = baseline(
      "--restarts 4 --method random --threads 1 --out out --set meter.powercap=rapl --set "
      "meter.owns_node=true --set carbon.gCO2e_per_kWh=300 --set meter.pue=1.25",
      mpirun(2));
  EXPECT_NE(run.err.find("readings of 1 counters"), std::string::npos) << run.err;
  const RunEnergy energy = read_campaign(folder / "out/random").energy.at(0);
  EXPECT_EQ(energy.pue, 1.25);
  EXPECT_EQ(energy.grams_per_kwh, 300);
  EXPECT_GT(energy.meter_seconds, 0.0);
  ASSERT_EQ(energy.phases.size(), 4u);  // table and restarts, measured once and counted
  for (std::size_t k = 0; k < 2; ++k) {
    const PhaseEnergy& p = energy.phases[k];
    EXPECT_EQ(p.phase, k == 0 ? "table" : "restarts");
    EXPECT_EQ(p.method, "measured:rapl");
    EXPECT_EQ(p.scope, "package");
    EXPECT_GE(p.joules, 0.0);
    EXPECT_LE(p.joules, 5.0 * p.seconds + 0.1);  // 5 mJ, at most once a millisecond
    // Milliseconds are too short for 1 %: the phase is run again until they are enough, or ten
    // times.
    EXPECT_GT(p.times, slow ? 0 : 1);
    EXPECT_TRUE(p.times == 11 || p.uncertainty <= 0.01 * p.joules) << p.times;
    EXPECT_EQ(energy.phases[k + 2].times, p.times);
    EXPECT_FALSE(std::isnan(p.net_joules));
    EXPECT_EQ(p.tick, 1e-6);
  }
  EXPECT_EQ(energy.phases[2].host, "all");
  EXPECT_EQ(run.err.find("restarts: too short to measure its joules to 1 %, repeated") ==
                std::string::npos,
            energy.phases[1].times == 1)
      << run.err;
  // What was only repeated is no result.
  EXPECT_EQ(energy.restarts, 4u);
  const auto results = results_of(folder / "out/random");
  ASSERT_EQ(results.size(), 4u);
  double evaluations = 0.0;
  for (const RestartResult& r : results) evaluations += r.evaluations;
  EXPECT_EQ(energy.phases[3].bytes, 8 * evaluations);  // the mean: all ask for as many
}

TEST_F(Baseline, IsTheSameOnAnyRanksAndGoesOn) {
  baseline("--restarts 12 --method annealing,ste --threads 1 --out one");
  baseline("--restarts 12 --method annealing,ste --threads 2 --out three", mpirun(3));
  baseline("--restarts 5 --method annealing,ste --out parts");
  // What it was tuned to is taken from the journal; a circuit is none of its business.
  const ProgramRun rest =
      baseline("--restarts 12 --method annealing,ste --out parts --set circuit.sublayers=2");
  EXPECT_EQ(rest.err.find("tuned"), std::string::npos);
  EXPECT_NE(rest.err.find("5 of 12 restarts are already finished"), std::string::npos);
  for (const std::string method : {"annealing", "ste"}) {
    const auto one = results_of(folder / ("one/" + method));
    EXPECT_EQ(one.size(), 12u);
    EXPECT_EQ(results_of(folder / ("three/" + method)), one);
    EXPECT_EQ(results_of(folder / ("parts/" + method)), one);
    EXPECT_EQ(read_campaign(folder / ("three/" + method)).method.settings,
              read_campaign(folder / ("one/" + method)).method.settings);
  }
  expect_refused(run_qhn(folder,
                         "baseline tiny.toml --restarts 12 --method annealing --out parts "
                         "--set baseline.tuning=601"),
                 {"holds another campaign", "baseline.tuning (there 600, here 601)"});
}

TEST_F(Baseline, FixedSettingsAreNotTuned) {
  baseline(
      "--restarts 2 --method annealing --out o --set baseline.annealing.sweeps=7 --set "
      "baseline.annealing.temperature_ratio=0.5");
  const CampaignFile campaign = read_campaign(folder / "o/annealing");
  EXPECT_EQ(campaign.method.settings, "sweeps = 7, temperature_ratio = 0.5");
  EXPECT_EQ(campaign.method.tuning, OracleCount{});
  EXPECT_EQ(campaign.records[0].result.evaluations, 1 + 10 * 8);
}

// 40 bits: no machine has a table of them. The target is the cost of an easy network.
TEST_F(Baseline, ReachesATargetWithoutATable) {
  folder.write(
      "wide.toml",
      "[problem]\nkind = \"synthetic\"\nqubits = 40\ntarget = 0.9\n[restarts]\nseed = 3\n");
  const ProgramRun run = run_qhn(folder, "baseline wide.toml --method descent --restarts 20");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const CampaignFile campaign = read_campaign(folder / "results/wide-baseline/descent");
  EXPECT_EQ(campaign.table.qubits, 40);
  EXPECT_EQ(campaign.table.reference.cost, 0.9);
  ASSERT_EQ(campaign.epsilons.size(), 1u);
  double best = 1.0;
  for (const RestartRecord& record : campaign.records) {
    EXPECT_EQ(record.result.gap < campaign.epsilons[0], record.result.best_cost <= 0.9);
    best = std::min(best, record.result.best_cost);
  }
  ASSERT_LT(best, 0.9);  // a negative gap
  EXPECT_FALSE(campaign.table.enumerated());
  const std::string stats = run_qhn(folder, "stats results/wide-baseline/descent").out;
  for (const std::string& text : {std::string("target 0.9"), std::string("target reached"),
                                  fmt::format("the best network found has cost {:.10g}: ", best)})
    EXPECT_NE(stats.find(text), std::string::npos) << text << '\n' << stats;
  EXPECT_EQ(stats.find("E_min 0.9"), std::string::npos) << stats;
  expect_refused(run_qhn(folder, "train wide.toml"), {"wide.toml", "problem.target"});
}

// As many bits as an index can name networks of.
TEST_F(Baseline, SearchesNetworksOf63Bits) {
  std::string rows;
  for (int r = 0; r < 6; ++r) {
    for (int c = 0; c < 63; ++c) rows += fmt::format("{},", (r * 7 + c * c) % 5 - 2);
    rows += fmt::format("{}\n", (r + 1) % 2);  // so that parameter 0 is better 1
  }
  const auto columns = [&](int keep) {  // and the label
    std::string text;
    std::istringstream lines(rows);
    for (std::string line; std::getline(lines, line);) {
      std::size_t end = 0;
      for (int c = 0; c < keep; ++c) end = line.find(',', end) + 1;
      text += line.substr(0, end) + line.back() + '\n';
    }
    return text;
  };
  folder.write("62.csv", columns(62));
  folder.write("63.csv", columns(63));
  folder.write("60.csv", columns(60));
  const std::string text =
      "[problem]\nkind = \"csv\"\ntarget = 0.1\ndata = \"62.csv\"\n[network]\nkind = "
      "\"logistic\"\n";
  folder.write("wide.toml", text);
  ASSERT_EQ(run_qhn(folder,
                    "baseline wide.toml --method descent,annealing --restarts 3 --set "
                    "baseline.tuning=0 --set baseline.annealing.sweeps=3")
                .exit_code,
            0);
  for (const char* method : {"descent", "annealing"}) {
    const CampaignFile campaign = read_campaign(folder / "results/wide-baseline/" + method);
    EXPECT_EQ(campaign.table.qubits, 63);
    // The loss is that of the network by its definition.
    const auto problem = make_problem([&] {
      ProblemOptions options;
      options.kind = ProblemKind::csv;
      options.data = folder / "62.csv";
      options.network = NetworkKind::logistic;
      return options;
    }());
    bool high = false;
    for (const RestartRecord& record : campaign.records) {
      EXPECT_NEAR(record.result.best_cost,
                  problem->train_score(record.result.best_string.index())->loss, 1e-12);
      high = high || record.result.best_string.index() >> 62 != 0;
    }
    EXPECT_TRUE(high) << method;
  }
  // The same with a hidden unit: 60 inputs, its bias, its weight, the output's bias.
  folder.write("mlp.toml",
               "[problem]\nkind = \"csv\"\ntarget = 0.1\ndata = \"60.csv\"\n[network]\nkind = "
               "\"mlp\"\nhidden = 1\nactivation = \"tanh\"\n");
  EXPECT_EQ(
      run_qhn(folder, "baseline mlp.toml --method descent,ste --restarts 2 --set baseline.tuning=0")
          .exit_code,
      0);
  expect_refused(run_qhn(folder, "baseline wide.toml --method descent --set problem.data=63.csv"),
                 {"64 bits", "at most 63"});
}

TEST_F(Baseline, RefusesWhatItCannotRun) {
  folder.write("bare.toml", "[problem]\nkind = \"synthetic\"\nqubits = 6\n");
  expect_refused(run_qhn(folder, "baseline bare.toml --method ste"),
                 {"trains networks", "descent"});
  expect_refused(run_qhn(folder, "baseline tiny.toml --method stee"), {"stee", "annealing"});
  expect_refused(run_qhn(folder, "baseline tiny.toml --set baseline.annealing.sweeps=1.5"),
                 {"sweeps", "found 1.5", "a whole number"});
  expect_refused(run_qhn(folder, "baseline tiny.toml --set baseline.ste.sweeps=1"), {"sweeps"});
  folder.write("wide.toml", "[problem]\nkind = \"synthetic\"\nqubits = 62\ntarget = -1e9\n");
  expect_refused(run_qhn(folder, "baseline wide.toml --method enumeration"),
                 {"all 2^62 networks", "up to 2^48"});
  EXPECT_FALSE(std::filesystem::exists(folder / "results"));
}

// Searches that are over in microseconds and never look up: their records are written while they
// run, and a signal ends the campaign.
TEST_F(Baseline, QuickMethodsAreWrittenAndEndCleanly) {
  folder.write("ended.sh", R"sh("$@" & pid=$!
until [ -s ids ] || ! kill -0 $pid; do sleep 0.05; done
kill -USR1 $pid
wait $pid
)sh");
  for (const char* method : {"annealing", "descent", "random"}) {
    const std::string out = std::string("o-") + method;
    fs::remove(folder / "ids");
    const ProgramRun run =
        run_qhn(folder,
                fmt::format("baseline tiny.toml --method {} --restarts 100000000 --threads 1 "
                            "--announce ids --out {}",
                            method, out),
                "timeout -k 1 100 sh ./ended.sh");
    EXPECT_EQ(run.exit_code, 75) << method << run.err;
    EXPECT_GT(results_of(folder / (out + "/" + method)).size(), 0u);
  }
}

TEST_F(Baseline, ShotsAreTrainedOnAnyRanksAndGoOn) {
  const std::string shots =
      "train tiny.toml --set optimizer.name=spsa --set optimizer.shots=20 --set "
      "optimizer.max_iterations=10 ";
  ASSERT_EQ(run_qhn(folder, shots + "--restarts 9 --out one --threads 1").exit_code, 0);
  ASSERT_EQ(run_qhn(folder, shots + "--restarts 4 --out parts").exit_code, 0);
  ASSERT_EQ(run_qhn(folder, shots + "--restarts 9 --out parts", mpirun(2)).exit_code, 0);
  const auto one = results_of(folder / "one");
  EXPECT_EQ(results_of(folder / "parts"), one);
  ASSERT_EQ(one.size(), 9u);
  for (const RestartResult& r : one) {
    EXPECT_EQ(r.evaluations, 20);
    EXPECT_EQ(r.oracle[OraclePhase::optimization].evaluations, 400u);
    EXPECT_EQ(r.oracle[OraclePhase::optimization].samples, 400u * 100);
    EXPECT_EQ(r.oracle[OraclePhase::selection].evaluations, 1000u);
  }
  expect_refused(run_qhn(folder, "train tiny.toml --set optimizer.shots=5"),
                 {"shots", "allowed only with name = \"adam\", \"spsa\" or \"qnspsa\""});
}

}  // namespace
}  // namespace qhn
