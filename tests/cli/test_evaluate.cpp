#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../record/temporary_folder.hpp"
#include "campaign_results.hpp"
#include "core/random.hpp"
#include "record/campaign_file.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

/// An experiment with C(w) = w² on `qubits` qubits.
void write_square(const TemporaryFolder& folder, int qubits) {
  std::string costs;
  for (int w = 0; w < 1 << qubits; ++w) costs += fmt::format("{}\n", w * w);
  folder.write("costs.txt", costs);
  folder.write("square.toml", "[problem]\nkind = \"table\"\ntable = \"costs.txt\"\n");
}

/// Angles 0.1·(k + 1), `first` of them in row 0 and `second` in row 1.
void write_angles(const TemporaryFolder& folder, int first, int second = 0) {
  std::string text = "# angles\n";
  for (int count : {first, second}) {
    for (int k = 0; k < count; ++k) text += fmt::format("{:.17g} ", 0.1 * (k + 1));
    text += '\n';
  }
  folder.write("angles.txt", text);
}

nlohmann::json evaluate(const TemporaryFolder& folder, const std::string& options) {
  const ProgramRun run =
      run_qhn(folder, "evaluate square.toml --angles angles.txt --json --gradient " + options);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return nlohmann::json::parse(run.out);
}

// The fixtures of the specification's section 5, through every engine that takes the circuit.
TEST(Evaluate, MeetsTheFixtures) {
  const TemporaryFolder folder;
  for (const std::string engine : {"automatic", "reference", "sweep"}) {
    const std::string with = " --set engine.kind=" + engine;
    write_square(folder, 3);
    write_angles(folder, 18);
    auto r = evaluate(folder, "--set circuit.family=linear --set circuit.sublayers=3" + with);
    EXPECT_EQ(r["qubits"], 3);
    EXPECT_NEAR(r["expectation"], 6.9355559223009, 1e-12);
    EXPECT_EQ(r["minimum"], 0.0);
    EXPECT_EQ(r["gap"], r["expectation"]);
    ASSERT_EQ(r["gradient"].size(), 18u);
    EXPECT_NEAR(r["gradient"][0], 1.089912198, 1e-9);
    EXPECT_NEAR(r["gradient"][2], -4.592463801, 1e-9);
    EXPECT_NEAR(r["gradient"][14], -5.253209211, 1e-9);

    write_square(folder, 4);
    write_angles(folder, 40);
    r = evaluate(folder, "--set circuit.family=linear --set circuit.sublayers=5" + with);
    EXPECT_NEAR(r["expectation"], 44.2590220508801, 1e-12);
    EXPECT_NEAR(r["gradient"][3], 35.746068552, 1e-9);
    EXPECT_NEAR(r["gradient"][35], 21.425856461, 1e-9);

    write_angles(folder, 24);
    r = evaluate(folder, "--set circuit.family=all-to-all --set circuit.sublayers=3" + with);
    EXPECT_NEAR(r["expectation"], 37.4278406650023, 1e-12);
    EXPECT_NEAR(r["gradient"][6], 24.235800859, 1e-9);
    EXPECT_NEAR(r["gradient"][19], -13.747833507, 1e-9);
  }
}

// Those of section 11.
TEST(Evaluate, MeetsTheFixturesWithNoise) {
  const TemporaryFolder folder;
  write_square(folder, 3);
  write_angles(folder, 18);
  const std::string strengths = " --set noise.one_qubit=0.01 --set noise.two_qubit=0.0375";
  auto r = evaluate(folder, "--set circuit.family=linear --set circuit.sublayers=3" + strengths);
  EXPECT_NEAR(r["expectation"], 8.917698047603, 1e-11);
  EXPECT_NEAR(r["gradient"][2], -4.4894116751, 1e-9);
  EXPECT_NEAR(r["gradient"][11], -1.5494391574, 1e-9);
  write_square(folder, 4);
  write_angles(folder, 40);
  r = evaluate(folder, "--set circuit.family=linear --set circuit.sublayers=5" + strengths +
                           " --set noise.scale=0.5 --best");
  EXPECT_NEAR(r["expectation"], 49.935890127274, 1e-11);
  EXPECT_NEAR(r["gradient"][2], 11.1357385349, 1e-9);
  EXPECT_NEAR(r["gradient"][22], 2.4233050409, 1e-9);
  // The best string is 0 alone: by costs that are 1 there.
  const double best = r["best_probability"];
  EXPECT_EQ(
      r["noise"],
      nlohmann::json({{"kind", "depolarizing"}, {"one_qubit", 0.005}, {"two_qubit", 0.01875}}));
  folder.write(
      "costs.txt", "-1\n" + [] {
        std::string zeros;
        for (int w = 1; w < 16; ++w) zeros += "0\n";
        return zeros;
      }());
  r = evaluate(folder, "--set circuit.family=linear --set circuit.sublayers=5" + strengths +
                           " --set noise.scale=0.5");
  EXPECT_NEAR(-r["expectation"].get<double>(), best, 1e-15);
}

TEST(Evaluate, BestIsTheProbabilityOfAllStringsOfLeastCost) {
  const TemporaryFolder folder;
  std::string costs;
  for (int w = 0; w < 256; ++w) costs += w == 3 || w == 200 ? "0.25\n" : fmt::format("{}\n", w + 1);
  folder.write("costs.txt", costs);
  folder.write("square.toml", "[problem]\nkind = \"table\"\ntable = \"costs.txt\"\n");
  write_angles(folder, 64);
  const std::string line =
      "evaluate square.toml --angles angles.txt --set circuit.sublayers=4 --best";
  const ProgramRun sampled = run_qhn(
      folder, "sample square.toml --angles angles.txt --set circuit.sublayers=4 --shots 100000");
  double shots = 0.0;
  for (const std::string bits : {"00000011", "11001000"})
    if (const auto at = sampled.out.find('\n' + bits); at != std::string::npos)
      shots += std::stod(sampled.out.substr(at + 9));
  const auto json = nlohmann::json::parse(run_qhn(folder, line + " --json").out);
  const double best = json["best_probability"];
  EXPECT_NEAR(best, shots / 1e5, 5 * std::sqrt(best / 1e5) + 1e-4);
  EXPECT_NE(run_qhn(folder, line).out.find(fmt::format("best         {:.17g}", best)),
            std::string::npos);
  const auto spread =
      nlohmann::json::parse(run_qhn(folder, line + " --json --ranks-per-state 2", mpirun(2)).out);
  EXPECT_NEAR(spread["best_probability"], best, 1e-14);
  EXPECT_EQ(json["noise"]["two_qubit"], 0.0);
}

TEST(Evaluate, NoiseThatCannotBeSimulatedIsRefused) {
  const auto expect_refused = [](const ProgramRun& run, const std::vector<std::string>& words) {
    EXPECT_EQ(run.exit_code, 2);
    expect_words(run.err, words);
  };
  const TemporaryFolder folder;
  write_square(folder, 4);
  write_angles(folder, 40);
  const std::string noisy =
      " square.toml --angles angles.txt --set circuit.sublayers=5 --set noise.one_qubit=0.01 ";
  expect_refused(run_qhn(folder, "evaluate" + noisy + "--set engine.kind=sweep"),
                 {"engine sweep cannot simulate noise", "automatic or tensor"});
  expect_refused(run_qhn(folder, "evaluate" + noisy + "--ranks-per-state 2", mpirun(2)),
                 {"which noise needs, runs on one rank", "--ranks-per-state 1"});
}

TEST(Evaluate, TextShowsTheSameNumbers) {
  const TemporaryFolder folder;
  write_square(folder, 3);
  write_angles(folder, 18);
  const ProgramRun run = run_qhn(
      folder, "evaluate square.toml --angles angles.txt --set circuit.sublayers=3 --gradient");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("expectation  6.935555922300"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("    2  -4.59246380"), std::string::npos) << run.out;
}

TEST(Evaluate, CountsTheAngles) {
  const TemporaryFolder folder;
  write_square(folder, 3);
  write_angles(folder, 17, 19);
  const std::string command = "evaluate square.toml --angles angles.txt --set circuit.sublayers=3 ";
  const auto refused = [&](const std::string& options, const std::string& words) {
    const ProgramRun run = run_qhn(folder, command + options);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find(words), std::string::npos) << run.err;
  };
  refused("", "angles.txt:2: found 17 angles; the circuit has 18");
  refused("--ignore-extra", "angles.txt:2: found 17 angles; the circuit has 18");
  refused("--row 1", "angles.txt:3: found 19 angles; the circuit has 18");
  refused("--row 2", "angles.txt");
  EXPECT_EQ(run_qhn(folder, command + "--row 1 --ignore-extra").exit_code, 0);
}

TEST(Evaluate, SaysWhichOfSeveralRowsItUses) {
  const TemporaryFolder folder;
  write_square(folder, 3);
  write_angles(folder, 18, 18);
  const std::string command = "evaluate square.toml --angles angles.txt --set circuit.sublayers=3 ";
  EXPECT_EQ(run_qhn(folder, command).err, "qhn: angles.txt: 2 rows, row 0 is used (--row)\n");
  EXPECT_EQ(run_qhn(folder, command + "--row 0").err, "");
}

TEST(Evaluate, SaysWhatItCannotHold) {
  const TemporaryFolder folder;
  folder.write("big.toml", "[network]\nhidden = 9\n");
  const ProgramRun run = run_qhn(folder, "evaluate big.toml --angles none.txt");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("38 qubits need 2199023255552 bytes"), std::string::npos) << run.err;
}

// What training wrote down is what evaluate finds at the same angles, to the last bit.
TEST(Evaluate, RepeatsWhatTrainingFound) {
  const TemporaryFolder folder;
  folder.write("tiny.toml",
               "[problem]\ntrain_samples = 100\n[network]\nhidden = 2\n[circuit]\nsublayers = 3\n"
               "[restarts]\ncount = 3\nkeep_angles = true\n");
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out o").exit_code, 0);
  const ProgramRun records = run_qhn(folder, "export o --csv");
  // id,seed,status,expectation,… of restart 2, whose angles are the last 60 columns.
  std::string line = records.out.substr(records.out.rfind('\n', records.out.size() - 2) + 1);
  std::vector<std::string> fields;
  while (!line.empty()) {
    const std::size_t comma = std::min(line.find_first_of(",\n"), line.size());
    fields.push_back(line.substr(0, comma));
    line.erase(0, comma + 1);
  }
  ASSERT_GT(fields.size(), 64u);
  ASSERT_EQ(fields[0], "2");
  std::string angles;
  for (std::size_t k = fields.size() - 60; k < fields.size(); ++k) angles += fields[k] + " ";
  folder.write("angles.txt", angles);
  const ProgramRun run =
      run_qhn(folder, "evaluate tiny.toml --angles angles.txt --json --gradient");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(nlohmann::json::parse(run.out)["expectation"].get<double>(), std::stod(fields[3]));
}

std::string mpirun(int ranks) { return fmt::format("{}{} ", QHN_MPIRUN, ranks); }

// One state on several ranks says what one process says, whichever way it is distributed.
TEST(Evaluate, SpreadsOneStateOverRanks) {
  const TemporaryFolder folder;
  write_square(folder, 8);
  write_angles(folder, 64);
  const std::string line =
      "evaluate square.toml --angles angles.txt --json --gradient --set circuit.family=linear "
      "--set circuit.sublayers=4";
  const auto whole = evaluate(folder, "--set circuit.family=linear --set circuit.sublayers=4");
  for (const auto& [ranks, engine] : {std::pair(2, "automatic"), {2, "sweep"}, {4, "sweep"}}) {
    const ProgramRun run = run_qhn(
        folder, fmt::format("{} --set engine.kind={} --ranks-per-state {}", line, engine, ranks),
        mpirun(ranks == 2 ? 3 : ranks));  // of three ranks one has nothing to do
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const auto r = nlohmann::json::parse(run.out);
    EXPECT_NEAR(r["expectation"], whole["expectation"], 1e-9);
    EXPECT_EQ(r["minimum"], 0.0);
    for (std::size_t k = 0; k < 64; ++k) EXPECT_NEAR(r["gradient"][k], whole["gradient"][k], 1e-8);
    EXPECT_EQ(run.err.find("nothing to do") != std::string::npos, ranks == 2) << run.err;
  }
}

TEST(Evaluate, RefusesImpossibleRanks) {
  const TemporaryFolder folder;
  write_square(folder, 4);
  write_angles(folder, 64);
  const std::string line =
      "evaluate square.toml --angles angles.txt --ignore-extra --set circuit.family=linear "
      "--set circuit.sublayers=2 --ranks-per-state ";
  for (const auto& [ranks, said] :
       {std::pair(4, "mpirun -n 4"), {3, "3 ranks; allowed: 1, 2; 4 when"}}) {
    const ProgramRun run = run_qhn(folder, line + std::to_string(ranks), mpirun(3));
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find(said), std::string::npos) << run.err;
  }
}

// A restart of a campaign in place of files: its experiment and its final angles.
TEST(Evaluate, TakesARestartOfACampaign) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", tiny);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 9 --ids 2:9 --out o").exit_code, 0);
  const std::vector<RestartRecord> records = read_campaign(folder / "o").records;
  ASSERT_EQ(records.size(), 7u);
  for (const RestartRecord& record : {records.front(), records[3], records.back()}) {
    const std::string from = fmt::format("--from o --restart {}", record.result.id);
    std::string angles;
    for (const double angle : record.result.angles) angles += fmt::format("{:.17g} ", angle);
    folder.write("angles.txt", angles + '\n');
    for (const auto& [more, launcher] :
         {std::pair<std::string, std::string>{"", ""}, {" --ranks-per-state 2", mpirun(2)}}) {
      const ProgramRun run = run_qhn(folder, "evaluate --json " + from + more, launcher);
      ASSERT_EQ(run.exit_code, 0) << run.err;
      const auto json = nlohmann::json::parse(run.out);
      EXPECT_NEAR(json["expectation"], record.result.expectation, 1e-13);
      EXPECT_NEAR(json["gap"], record.result.gap, 1e-13);
      EXPECT_EQ(
          run.out,
          run_qhn(folder, "evaluate tiny.toml --angles angles.txt --json" + more, launcher).out);
    }
    EXPECT_EQ(run_qhn(folder, "sample --shots 100 " + from).out,
              run_qhn(folder, "sample tiny.toml --angles angles.txt --shots 100").out);
    EXPECT_EQ(run_qhn(folder, "export --openqasm3 " + from).out,
              run_qhn(folder, "export tiny.toml --angles angles.txt --openqasm3").out);
  }
}

// All restarts at once: what each of them gives alone.
TEST(Evaluate, TakesAllRestartsOfACampaign) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", tiny);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 5 --ids 1:4 --out o").exit_code, 0);
  std::string evaluated, sampled;
  const std::vector<RestartRecord> records = read_campaign(folder / "o").records;
  ASSERT_EQ(records.size(), 3u);
  ASSERT_EQ(run_qhn(folder, "export --openqasm3 --from o --all --out circuits").exit_code, 0);
  for (const RestartRecord& record : records) {
    const std::string one = fmt::format(" --from o --restart {}", record.result.id);
    auto json = nlohmann::ordered_json{{"restart", record.result.id}};
    json.update(
        nlohmann::ordered_json::parse(run_qhn(folder, "evaluate --json --gradient" + one).out));
    evaluated += json.dump() + "\n";
    sampled += fmt::format("# restart {}\n", record.result.id) +
               run_qhn(folder, "sample --shots 50" + one + " | tail -n +3").out;
    const std::string file = fmt::format("circuits/restart-{}.qasm", record.result.id);
    EXPECT_EQ(run_qhn(folder, "export --openqasm3" + one).out,
              run_qhn(folder, "", fmt::format("cat {} #", file)).out);
  }
  EXPECT_EQ(run_qhn(folder, "evaluate --json --gradient --from o --all").out, evaluated);
  EXPECT_EQ(run_qhn(folder, "sample --shots 50 --from o --all | tail -n +3").out, sampled);
  const ProgramRun text = run_qhn(folder, "evaluate --from o --all");
  EXPECT_EQ(std::ranges::count(text.out, '\n'), 5) << text.out;
  const ProgramRun spread =
      run_qhn(folder, "evaluate --from o --all --ranks-per-state 2", mpirun(2));
  EXPECT_EQ(std::ranges::count(spread.out, '\n'), 5) << spread.out << spread.err;
  for (const auto& [line, words] : {std::pair("evaluate --from o --all --gradient", "--json"),
                                    {"evaluate --from o --all --restart 1", "either EXPERIMENT"},
                                    {"evaluate --all", "either EXPERIMENT"},
                                    {"export --openqasm3 --from o --all", "--out DIR"}}) {
    const ProgramRun run = run_qhn(folder, line);
    EXPECT_EQ(run.exit_code, 2) << line;
    EXPECT_NE(run.err.find(words), std::string::npos) << line << ": " << run.err;
  }
}

TEST(Export, WritesALineForEachIteration) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", keeping);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 3 --out o").exit_code, 0);
  const CampaignFile campaign = read_campaign(folder / "o");
  std::string expected = "id,iteration,expectation,gap,gradient_norm,step,evaluations\n";
  for (const RestartRecord& record : campaign.records) {
    const RestartHistory& h = record.result.history;
    ASSERT_EQ(h.size(), record.result.iterates());
    EXPECT_EQ(h.expectation.back(), record.result.expectation);
    for (std::size_t k = 0; k < h.size(); ++k)
      expected += fmt::format("{},{},{},{},{},{},{}\n", record.result.id, k, h.expectation[k],
                              h.expectation[k] - campaign.table.reference.cost, h.gradient_norm[k],
                              h.step[k], h.evaluations[k]);
  }
  EXPECT_EQ(run_qhn(folder, "export o --history").out, expected);
  ASSERT_EQ(
      run_qhn(folder, "train tiny.toml --restarts 1 --set restarts.keep_history=false --out n")
          .exit_code,
      0);
  for (const auto& [line, words] : {std::pair("export n --history", "keep_history=true"),
                                    {"export o --history --csv", "needs one of"},
                                    {"export o --csv --restart 1", "without --from"}}) {
    const ProgramRun run = run_qhn(folder, line);
    EXPECT_EQ(run.exit_code, 2) << line;
    EXPECT_NE(run.err.find(words), std::string::npos) << line << ": " << run.err;
  }
}

// E of the test losses is E of the same circuit on a problem whose training samples are those.
TEST(Evaluate, ScoresAreThoseOfTheTestSamples) {
  const TemporaryFolder folder;
  CounterRng rng(3, Stream::synthetic, 0);
  for (const char* name : {"train.csv", "test.csv"}) {
    std::string rows = "x,y,label\n";
    for (int k = 0; k < 40; ++k) {
      const double x = rng.uniform(), y = rng.uniform();
      rows += fmt::format("{},{},{}\n", x, y, x + rng.uniform() < 2.0 * y ? 1 : 0);
    }
    folder.write(name, rows);
  }
  folder.write("o.toml",
               "[problem]\nkind = \"csv\"\ndata = \"train.csv\"\ntest_data = \"test.csv\"\n"
               "[network]\nhidden = 2\n[circuit]\nsublayers = 3\n[restarts]\ncount = 4\n"
               "keep_angles = true\nkeep_scores = true\n");
  ASSERT_EQ(run_qhn(folder, "train o.toml --out o").exit_code, 0);
  ASSERT_EQ(run_qhn(folder, "train o.toml --ranks-per-state 2 --out two", mpirun(2)).exit_code, 0);
  const CampaignFile campaign = read_campaign(folder / "o"), two = read_campaign(folder / "two");
  ASSERT_EQ(campaign.records.size(), 4u);
  for (std::size_t k = 0; k < 4; ++k) {
    const RestartResult& r = campaign.records[k].result;
    ASSERT_EQ(r.scored, 1);
    const auto test = nlohmann::json::parse(
        run_qhn(folder,
                fmt::format(
                    "evaluate --json --from o --restart {} --set problem.data='\"test.csv\"'", k))
            .out);
    EXPECT_EQ(r.scores.test_expectation, test["expectation"].get<double>());
    EXPECT_NE(r.scores.test_expectation, r.expectation);
    const auto network = nlohmann::json::parse(
        run_qhn(folder, fmt::format("decode o.toml {} --json", r.best_string.index())).out);
    EXPECT_NEAR(r.scores.best_test_cost, network["test_loss"].get<double>(), 1e-12);
    EXPECT_EQ(r.scores.best_test_accuracy, network["test_accuracy"].get<double>());
    EXPECT_EQ(r.scores.best_accuracy, network["train_accuracy"].get<double>());
    EXPECT_NEAR(two.records[k].result.scores.test_expectation, r.scores.test_expectation, 1e-6);
  }
}

TEST(Evaluate, RefusesARestartThatIsNotThere) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", tiny);
  write_angles(folder, 40);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --restarts 2 --out o").exit_code, 0);
  ASSERT_EQ(run_qhn(folder,
                    "train tiny.toml --restarts 2 --out without --set "
                    "restarts.keep_angles=false")
                .exit_code,
            0);
  folder.write("costs.txt", "1\n2\n0\n3\n");
  folder.write(
      "table.toml",
      "[problem]\nkind = \"table\"\ntable = \"costs.txt\"\n[restarts]\nkeep_angles = true\n");
  ASSERT_EQ(run_qhn(folder, "train table.toml --restarts 2 --out t").exit_code, 0);
  EXPECT_EQ(run_qhn(folder, "evaluate --from t --restart 1").exit_code, 0);
  folder.write("costs.txt", "1\n2\n0\n4\n");
  const std::string origin =
      "either EXPERIMENT with --angles FILE, or --from DIR with --restart ID or --all";
  for (const auto& [arguments, words] :
       {std::pair<std::string, std::string>{"--from o --restart 2", "holds 2 restarts"},
        {"--from without --restart 0", "keep_angles"},
        {"--from t --restart 1", "was run with other data"},
        {"--from none --restart 0", "none"},
        {"--from o --restart 0 --set circuit.sublayers=2", "without keys of the circuit"},
        {"--from o", origin},
        {"--restart 1", origin},
        {"", origin},
        {"tiny.toml", origin},
        {"tiny.toml --angles angles.txt --from o --restart 0", origin},
        {"tiny.toml --from o --restart 0", origin}}) {
    const ProgramRun run = run_qhn(folder, "evaluate " + arguments);
    EXPECT_EQ(run.exit_code, 2) << arguments;
    EXPECT_NE(run.err.find(words), std::string::npos) << arguments << ": " << run.err;
    EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << run.err;
  }
}

}  // namespace
}  // namespace qhn
