// Ledgers of campaigns that are made up by hand, so that every number can be.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <sstream>

#include "campaign/experiment.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "problem/problem.hpp"
#include "report/campaign_statistics.hpp"
#include "report/comparison.hpp"
#include "run_qhn.hpp"

namespace qhn {
namespace {

// Six bits: one hidden unit of two inputs.
constexpr const char* problem =
    "[problem]\nkind = \"gaussian\"\nseed = 1\ntrain_samples = 10\ntest_samples = 10\n"
    "[network]\nkind = \"mlp\"\nhidden = 1\n[circuit]\nfamily = \"linear\"\nsublayers = 2\n";
const double tries =
    std::log(0.01) / std::log(0.5);  // to succeed with 99 % where each does with 50 %

std::string with_seed(const std::string& text, int seed) {
  std::string changed = text;
  return changed.replace(changed.find("seed = 1"), 8, "seed = " + std::to_string(seed));
}

// Four trainings of 1 s to 4 s, of which every second one ends at the minimum.
CampaignFile campaign(const std::string& method, const std::string& experiment = problem) {
  CampaignFile c;
  c.name = method.empty() ? "circuits" : method;
  c.experiment = experiment;
  c.restarts_requested = 4;
  c.epsilons = {1e-3, 1e-5};
  c.table = {6, {Reference::Kind::enumerated, 0.25}, 1, 5, 10};
  c.method.name = method;
  for (std::uint64_t id = 0; id < 4; ++id) {
    RestartRecord r;
    r.result.id = id;
    r.result.status = Status::converged;
    r.result.best_cost = id % 2 == 0 ? 0.25 : 0.5;
    r.result.gap = 0.1;
    r.result.best_probability = 0.5;
    r.result.expectation_crossings.resize(2);
    r.result.string_crossings.resize(2);
    r.cost.seconds = static_cast<double>(id + 1);
    c.records.push_back(r);
  }
  return c;
}

// 2 s and 8 J for the table, 20 J for four restarts.
RunEnergy energy() {
  RunEnergy run;
  run.run = "r";
  run.restarts = 4;
  for (const auto& [phase, seconds, joules] :
       {std::tuple{"table", 2.0, 8.0}, {"restarts", 10.0, 20.0}}) {
    PhaseEnergy p;
    p.phase = phase;
    p.host = "all";
    p.method = "modelled:cpu";
    p.scope = "node";
    p.seconds = seconds;
    p.joules = joules;
    p.flops = 100 * joules;
    p.bytes = 1000 * joules;
    p.exchanged = 24 * (seconds - 2);
    run.phases.push_back(p);
  }
  return run;
}

const ComparedTable& table(const Comparison& all, const std::string& name) {
  for (const ComparedTable& t : all.tables)
    if (t.name == name) return t;
  throw std::runtime_error("no table " + name);
}

// The number in the row of a method, where there is one.
double number(const ComparedTable& t, const std::string& method, const std::string& by,
              std::size_t column, const std::string& which = "") {
  for (const auto& row : t.rows)
    if (row[0].text == method && row[1].text == by && (which.empty() || row[2].text == which))
      return row[column].number ? row[column].number->value : not_known;
  ADD_FAILURE() << t.name << ": no row " << method << ", " << by;
  return not_known;
}

constexpr const char* found = "network found";
constexpr const char* all_networks = "full enumeration";
constexpr const char* ideal = "linear D=2 (ideal gradient)";

TEST(Comparison, BillsAClassicalMethodInTwoLedgers) {
  CampaignFile c = campaign("descent");
  for (RestartRecord& r : c.records) {  // 3, 4, 5, 6 losses of 10 samples, one of them validated
    r.result.oracle[OraclePhase::optimization] = {2 + r.result.id, 2, 10 * (2 + r.result.id)};
    r.result.oracle[OraclePhase::validation] = {1, 1, 10};
  }
  c.method.tuning = {70, 60, 700};
  c.energy = {energy()};
  const Comparison all = compare(std::vector{c}, {});
  EXPECT_NE(all.introduction.find("cannot beat full enumeration in oracle calls"),
            std::string::npos);
  EXPECT_NE(all.tables[0].title.find("one instance"), std::string::npos);
  EXPECT_EQ(number(all.tables[0], "descent", found, 3), 0.5);

  const ComparedTable& oracle = table(all, "oracle");
  EXPECT_EQ(number(oracle, "descent", found, 2), 4.5);
  EXPECT_EQ(number(oracle, "descent", found, 3), 3.0);
  EXPECT_EQ(number(oracle, "descent", found, 4), 70.0);
  EXPECT_NEAR(number(oracle, "descent", found, 5), 4.5 * tries, 1e-12);
  EXPECT_EQ(number(oracle, all_networks, found, 5), 64.0);

  const ComparedTable& here = table(all, "classical");
  EXPECT_NE(here.title.find("no energy was measured; joules are modelled"), std::string::npos);
  EXPECT_EQ(number(here, "descent", found, 2), 2.5);
  EXPECT_EQ(number(here, "descent", found, 3), 5.0);
  EXPECT_NEAR(number(here, "descent", found, 4), 2 + 2.5 * tries, 1e-12);
  EXPECT_NEAR(number(here, "descent", found, 5), (2.5 + 2.0 / 4) * tries, 1e-12);
  EXPECT_NEAR(number(here, "descent", found, 6), 8 + 5 * tries, 1e-12);
  EXPECT_NEAR(number(here, "descent", found, 7), (5 + 8.0 / 4) * tries, 1e-12);
  EXPECT_EQ(number(here, all_networks, found, 4), 2.0);
  EXPECT_EQ(number(here, all_networks, found, 6), 8.0);
  const ComparedTable& work = table(all, "classical-work");
  const std::array<double, 3> training{500, 5000, 48}, whole_table{800, 8000, 0};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(number(work, "descent", "any", 2 + k), training[k]);
    EXPECT_EQ(number(work, all_networks, found, 2 + k), whole_table[k]);
  }
  for (const ComparedTable& t : all.tables) EXPECT_EQ(t.rows.back()[0].text, all_networks);

  c.energy.push_back(energy());  // of a second run, whose short table was made again
  c.energy[1].phases[0].times = 7;
  c.energy[1].phases[0].flops = c.energy[1].phases[1].bytes = not_known;
  const Comparison two = compare(std::vector{c}, {});
  EXPECT_NE(table(two, "classical").title.find("run up to 7 times"), std::string::npos);
  EXPECT_EQ(number(table(two, "classical"), all_networks, found, 4), 2.0);
  const ComparedTable& partly = table(two, "classical-work");
  EXPECT_EQ(number(partly, "descent", "any", 2), 500.0);
  EXPECT_TRUE(std::isnan(number(partly, "descent", "any", 3)));
  EXPECT_TRUE(std::isnan(number(partly, all_networks, found, 2)));
}

// Trainings of milliseconds in a phase of 10 s, of which start, journal and waiting take most: what
// a training is charged is the power of its node times its own seconds.
TEST(Comparison, JoulesAreThoseOfTheSecondsOfATraining) {
  CampaignFile c = campaign("descent");
  for (RestartRecord& r : c.records) r.cost.seconds *= 1e-3;
  c.energy = {energy()};  // 2 W
  Comparison all = compare(std::vector{c}, {});
  const ComparedTable& here = table(all, "classical");
  EXPECT_NEAR(number(here, "descent", found, 2), 2.5e-3, 1e-12);
  EXPECT_NEAR(number(here, "descent", found, 3), 5e-3, 1e-12);
  EXPECT_NEAR(number(here, "descent", found, 6), 8 + 5e-3 * tries, 1e-12);
  EXPECT_NE(here.title.find("joules count only the seconds in which trainings computed, at least "
                            "0.1 % of their phase"),
            std::string::npos)
      << here.title;

  // A figure that its counters cannot have seen is not used.
  RunEnergy& run = c.energy[0];
  for (std::size_t k = 0; k < 2; ++k) {
    PhaseEnergy p = run.phases[k];
    p.host = "n";
    p.joules = 1e6;
    p.method = k == 0 ? "measured:rapl" : doubtful("measured:rapl");
    run.phases.push_back(p);
  }
  all = compare(std::vector{c}, {});
  EXPECT_NEAR(number(table(all, "classical"), "descent", found, 3), 5e-3, 1e-12);
  EXPECT_EQ(number(table(all, "classical"), all_networks, found, 3), 1e6);
}

TEST(Comparison, ExactCircuitsAreABoundAndTheirJoulesStandApart) {
  CampaignFile circuits = campaign(""), classical = campaign("descent");
  circuits.energy = classical.energy = {energy()};
  const Comparison all = compare(std::vector{circuits, classical}, {});
  const ComparedTable& success = all.tables[0];
  EXPECT_EQ(number(success, ideal, "E(theta)", 3), 0.0);
  EXPECT_EQ(number(success, ideal, "best of 1 shot, at least", 3), 0.25);
  EXPECT_NEAR(number(success, ideal, "best of 100 shots, at least", 3), 0.5, 1e-12);
  for (const ComparedTable& t : all.tables)
    for (const auto& row : t.rows) {
      if (t.name == "oracle" && row[0].text == ideal) {
        EXPECT_EQ(row[1].text, "ideal-gradient bound: no oracle cost");
        for (std::size_t k = 2; k < row.size(); ++k) EXPECT_FALSE(row[k].number);
      }
      EXPECT_FALSE(t.name == "circuits" && row[0].text == "descent");
      EXPECT_FALSE(t.name == "classical" && row[0].text == ideal);
    }
  const ComparedTable& here = table(all, "circuits");
  EXPECT_NE(here.title.find("simulating circuits on this machine"), std::string::npos);
  EXPECT_NEAR(number(here, ideal, "best of 100 shots, at least", 6), 8 + 5 * tries, 1e-9);
  EXPECT_EQ(number(here, all_networks, found, 4), 2.0);
  EXPECT_TRUE(std::isnan(number(here, all_networks, found, 6)));  // classical joules
  // None of four by E(theta): a bound of 4 ln 0.01 / ln 0.05 trainings of 2.5 s.
  for (const auto& row : here.rows)
    if (row[1].text == "E(theta)") {
      EXPECT_NEAR(row[4].number->interval.low, 2 + 10 * std::log(0.01) / std::log(0.05), 1e-9);
    }
}

// With angles every success in the state counts: at angle 0 the state is |0…0>.
TEST(Comparison, FinalAnglesGiveTheProbabilityOfAllSuccesses) {
  CampaignFile c = campaign("");
  const auto made = make_problem(read_experiment_text(problem, "p").problem);
  std::vector<double> costs(64);
  made->costs(0, costs);
  for (RestartRecord& r : c.records) r.result.angles.assign(24, 0.0);
  c.table.reference.cost = costs[0];
  ComparisonOptions options;
  options.epsilon = 1e-9;
  EXPECT_NEAR(number(compare(std::vector{c}, options).tables[0], ideal, "best of 1 shot", 3), 1.0,
              1e-12);
  c.table.reference.cost = costs[0] - 1;
  EXPECT_NEAR(number(compare(std::vector{c}, options).tables[0], ideal, "best of 1 shot", 3), 0.0,
              1e-12);
  // Twice the mean distance: all 64 uniform after a quarter turn of every last Ry.
  for (RestartRecord& r : c.records)
    for (std::size_t q = 6; q < 12; ++q) r.result.angles[q] = std::acos(0.0);
  c.table.reference.cost = *std::min_element(costs.begin(), costs.end());
  options.epsilon = 1.0;
  options.unit = GapUnit::mean;
  double mean = 0.0, below = 0.0;
  for (const double cost : costs) mean += cost / 64;
  for (const double cost : costs) below += cost < mean ? 1.0 / 64 : 0.0;
  EXPECT_NEAR(number(compare(std::vector{c}, options).tables[0], ideal, "best of 1 shot", 3), below,
              1e-12);
}

TEST(Comparison, ProjectsShotsAndFindsTheBreakEven) {
  CampaignFile c =
      campaign("", std::string(problem) + "[optimizer]\nname = \"spsa\"\nshots = 50\n");
  for (RestartRecord& r : c.records) {
    r.result.evaluations = 8;  // circuits, and one to select from
    r.result.oracle[OraclePhase::optimization] = {400, 9, 4000};
    r.result.oracle[OraclePhase::selection] = {100, 9, 1000};
  }
  CampaignFile rival = campaign("descent");
  rival.energy = {energy()};
  ComparisonOptions options;
  options.hardware.central = {1000.0, 0.25, 0.125, 0.5, 2.0};
  const Comparison all = compare(std::vector{rival, c}, options);
  const std::string name = "linear D=2 spsa 50 shots", by = "best of selection shots";
  EXPECT_EQ(number(table(all, "oracle"), name, by, 2), 500.0);
  const ComparedTable& projected = table(all, "projected");
  // Entangler, Ry, entangler, Ry: four layers. 9 circuits, 500 shots.
  const double seconds = 500 * (0.25 + 4 * 0.125 + 0.5) + 9 * 2.0;
  EXPECT_EQ(number(projected, name, by, 3, "central"), 500.0);
  EXPECT_DOUBLE_EQ(number(projected, name, by, 4, "central"), seconds);
  EXPECT_DOUBLE_EQ(number(projected, name, by, 5, "central"), 1000 * seconds);
  EXPECT_NEAR(number(projected, name, by, 6, "central"), seconds * tries, 1e-9);
  EXPECT_NEAR(number(projected, name, by, 7, "central"), 1000 * seconds * tries, 1e-6);
  // Enumeration took 8 J, less than descent with the table in full.
  ASSERT_FALSE(all.remarks.empty());
  EXPECT_NE(
      all.remarks[0].find(fmt::format("break even with full enumeration, 8 J to solution 99 %, "
                                      "at a wall power of {:.3g} W",
                                      8 / (seconds * tries))),
      std::string::npos)
      << all.remarks[0];
}

TEST(Comparison, ProjectsFidelitiesAtTwiceTheDepth) {
  CampaignFile c =
      campaign("", std::string(problem) + "[optimizer]\nname = \"qnspsa\"\nfidelity_shots = 10\n");
  for (RestartRecord& r : c.records) {
    r.result.iterations = 3;
    r.result.evaluations = 3 * (2 + 4);
    r.result.oracle[OraclePhase::optimization] = {400, 9, 4000};
  }
  ComparisonOptions options;
  options.hardware.central = {1000.0, 0.25, 0.125, 0.5, 2.0};
  const Comparison all = compare(std::vector{c}, options);
  const std::string name = "linear D=2 qnspsa 1000 shots", by = "best of selection shots";
  EXPECT_EQ(number(table(all, "oracle"), name, by, 2), 400.0);
  const ComparedTable& projected = table(all, "projected");
  EXPECT_EQ(number(projected, name, by, 3, "central"), 400.0 + 3 * 4 * 10);
  EXPECT_DOUBLE_EQ(number(projected, name, by, 4, "central"),
                   400 * (0.25 + 4 * 0.125 + 0.5) + 120 * (0.25 + 8 * 0.125 + 0.5) + 19 * 2.0);
}

TEST(Comparison, SeedsOfOneProblemAreItsInstances) {
  const std::vector two{campaign("descent"), campaign("descent", with_seed(problem, 2)),
                        campaign("annealing")};
  EXPECT_NE(compare(two, {}).tables[0].title.find("1 to 2 instances: too few"), std::string::npos);
  std::vector<CampaignFile> many;
  for (int seed = 1; seed <= 20; ++seed)
    many.push_back(campaign("descent", with_seed(problem, seed)));
  const Comparison all = compare(many, {});
  EXPECT_NE(all.tables[0].title.find("; 20 instances"), std::string::npos) << all.tables[0].title;
  EXPECT_EQ(number(all.tables[0], "descent", found, 2), 80.0);

  std::string other = problem;
  other.replace(other.find("hidden = 1"), 10, "hidden = 2");
  EXPECT_NE(message_of<InputError>([&] {
              compare(std::vector{campaign("descent"), campaign("ste", other)}, {});
            }).find("another problem"),
            std::string::npos);
  EXPECT_NE(message_of<InputError>([&] {
              compare(std::vector{campaign("descent"), campaign("descent")}, {});
            }).find("a second result of descent"),
            std::string::npos);
  CampaignFile late = campaign("descent");
  late.records.erase(late.records.begin());
  EXPECT_NE(
      message_of<InputError>([&] { compare(std::vector{late}, {}); }).find("no restart with id 0"),
      std::string::npos);
}

// No number where there is none: neither inf nor nan, in any unit and format.
TEST(Comparison, SaysWhereCostsHaveNoUnit) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::vector<double>& costs) {
    std::string text;
    for (const double cost : costs) text += fmt::format("{:.17g}\n", cost);
    folder.write(name + ".txt", text);
    CampaignFile c =
        campaign("descent", "[problem]\nkind = \"table\"\ntable = \"" + name + ".txt\"\n");
    c.table = {2, {Reference::Kind::enumerated, costs[0]}, 1, 0};
    for (RestartRecord& r : c.records) {
      r.result.best_cost = costs[0] + 0.5 + 1e-11 * costs[0];  // none succeeds
      r.result.oracle.phases[0].evaluations = 40;
    }
    write_campaign(folder / (name + ".h5"), c);
  };
  const auto run = [&](const std::string& arguments) {
    const ProgramRun run = run_qhn(folder, "compare " + arguments);
    for (const std::string word : {"nan", "inf"})
      for (std::size_t at = 0; (at = run.out.find(word, at)) != std::string::npos; ++at) {
        const bool inside = at > 0 && std::isalpha(static_cast<unsigned char>(run.out[at - 1]));
        EXPECT_TRUE(inside) << arguments << ": " << run.out.substr(at > 40 ? at - 40 : 0, 80);
      }
    return run;
  };
  write("same", {0.7, 0.7, 0.7, 0.7});
  const ProgramRun same = run("same.h5");
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_NE(same.out.find("the costs are all equal: no other unit"), std::string::npos) << same.out;
  for (const char* format : {"csv", "markdown", "latex"})
    run("same.h5 --format " + std::string(format));
  for (const char* unit : {"mean", "first-gap"}) {
    const ProgramRun refused = run("same.h5 --unit " + std::string(unit));
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_NE(refused.err.find("the costs are all equal"), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("--unit absolute"), std::string::npos) << refused.err;
  }
  // A sum of these costs would lose what is between them; gaps of a few are rounding.
  write("high", {1e18, 1e18 + 4e6, 1e18 + 4e6, 1e18 + 8e6});
  const ProgramRun high = run("high.h5 --epsilon 2e6");
  EXPECT_NE(high.out.find("2e+06 = 0.5 (mean - E_min) = 0.5 first gaps"), std::string::npos)
      << high.out;
  EXPECT_EQ(high.out.find("rounding"), std::string::npos) << high.out;
  EXPECT_NE(run("high.h5").out.find("high.h5: epsilon 1e-05 is below the rounding of the costs"),
            std::string::npos);
  run("high.h5 --unit mean");
  run("high.h5 --unit first-gap --format csv");
  // Where nothing succeeded the bound is one-sided: an empty number.
  const std::string csv = run("high.h5 --format csv").out;
  EXPECT_NE(csv.find("\ngaps,high.h5,enumerated,,reference,1e+18,1e+18,1e+18\n"), std::string::npos)
      << csv;
  std::istringstream lines(csv);
  int unbounded = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("oracle,descent") && line.find("solution") != std::string::npos) {
      EXPECT_TRUE(line.ends_with(",")) << line;
      ++unbounded;
    }
  EXPECT_EQ(unbounded, 1);
}

TEST(Comparison, SaysHowManyWereCutShort) {
  CampaignFile circuits = campaign(""), classical = campaign("descent");
  for (CampaignFile* c : {&circuits, &classical})
    for (const std::size_t k : {0u, 2u, 3u}) c->records[k].result.status = Status::iteration_limit;
  const ComparedTable success = compare(std::vector{circuits, classical}, {}).tables[0];
  ASSERT_EQ(success.columns.back(), "cut short");
  EXPECT_EQ(number(success, ideal, "E(theta)", 6), 3.0);
  EXPECT_TRUE(std::isnan(number(success, "descent", found, 6)));  // it has no limit
}

TEST(Comparison, CountsFromATargetByName) {
  CampaignFile c = campaign("descent",
                            "[problem]\nkind = \"synthetic\"\nqubits = 40\nseed = "
                            "1\ntarget = 0.25\n");
  c.table = {40, {Reference::Kind::target, 0.25}, 0, 0};
  c.epsilons = {target_slack(0.25)};
  const Comparison all = compare(std::vector{c}, {});
  EXPECT_TRUE(all.tables[0].title.starts_with("Success: loss at most the target 0.25; one"))
      << all.tables[0].title;
  EXPECT_EQ(all.references[0].reference, "target");
  EXPECT_NE(table(all, "classical").title.find("there is no table to charge"), std::string::npos);
  ComparisonOptions options;
  options.unit = GapUnit::mean;
  EXPECT_NE(message_of<InputError>([&] {
              compare(std::vector{c}, options);
            }).find("has no cost table: allowed: --unit absolute"),
            std::string::npos);
}

// Two results of one kind are told apart by what they differ in.
TEST(Comparison, TellsResultsApart) {
  const auto names = [](const std::vector<CampaignFile>& campaigns,
                        const ComparisonOptions& options = {}) {
    std::vector<std::string> all;
    const Comparison comparison = compare(campaigns, options);
    for (const auto& row : comparison.tables[0].rows)
      if (all.empty() || all.back() != row[0].text) all.push_back(row[0].text);
    all.pop_back();  // full enumeration
    return all;
  };
  using Names = std::vector<std::string>;
  const std::string text = problem;
  EXPECT_EQ(
      names({campaign("", text + "[optimizer]\nmemory = 8\nc1 = 0.1\n"),
             campaign("", text + "[optimizer]\nmemory = 20\nc1 = 0.1\n")}),
      (Names{"linear D=2 memory=8 (ideal gradient)", "linear D=2 memory=20 (ideal gradient)"}));
  // Runs of one method: by what they were run with, as far as it differs.
  EXPECT_EQ(names({campaign("", text + "[restarts]\nseed = 1\n"),
                   campaign("", text + "[restarts]\nseed = 2\n")}),
            (Names{"linear D=2 seed=1 (ideal gradient)", "linear D=2 seed=2 (ideal gradient)"}));
  CampaignFile cut = campaign(""), sweep = campaign("");
  cut.provenance.engine = "cut";
  sweep.provenance.engine = "sweep";
  EXPECT_EQ(names({cut, sweep}), (Names{"linear D=2 engine=cut (ideal gradient)",
                                        "linear D=2 engine=sweep (ideal gradient)"}));
  EXPECT_EQ(
      names({campaign("annealing", text + "[baseline]\nmethod = \"annealing\"\ntuning = 0\n"),
             campaign("annealing", text + "[baseline]\nmethod = \"annealing\"\ntuning = 9\n")}),
      (Names{"annealing tuning=0", "annealing tuning=9"}));
  // Custom circuits by a hash of their gates.
  std::string custom = text;
  custom.replace(custom.find("family = \"linear\"\nsublayers = 2"), 31,
                 "family = \"custom\"\ngates = [");
  const Names circuits =
      names({campaign("", custom + "\n  {gate = \"Ry\", qubits = [0], angle = \"a\"},\n]\n"),
             campaign("", custom + "\n  {gate = \"Ry\", qubits = [1], angle = \"a\"},\n]\n")});
  ASSERT_EQ(circuits.size(), 2u);
  EXPECT_TRUE(circuits[0].starts_with("custom gates=")) << circuits[0];
  EXPECT_NE(circuits[0], circuits[1]);
  // Instances stay together, and other settings on other data are another method.
  EXPECT_EQ(names({campaign("descent"), campaign("descent", with_seed(problem, 2))}),
            Names{"descent"});
  EXPECT_EQ(names({campaign("", text + "[optimizer]\nmemory = 8\n"),
                   campaign("", with_seed(text, 2) + "[optimizer]\nmemory = 20\n")})
                .size(),
            2u);

  ComparisonOptions options;
  options.labels = {"one", "two"};
  EXPECT_EQ(names({campaign("descent"), campaign("descent")}, options), (Names{"one", "two"}));
  options.labels = {"one"};
  EXPECT_NE(message_of<InputError>([&] {
              compare(std::vector{campaign("descent"), campaign("descent")}, options);
            }).find("--labels: found 1 for 2 results; allowed: one for each"),
            std::string::npos);
}

// Data is its content: the same at another path is the same problem, another at the same path is
// not.
TEST(Comparison, KnowsDataByItsContent) {
  const TemporaryFolder folder;
  const auto of = [&](const std::string& path, const std::string& costs) {
    folder.write(path, costs);
    CampaignFile c =
        campaign("descent", "[problem]\nkind = \"table\"\ntable = \"" + (folder / path) + "\"\n");
    c.table = {2, {Reference::Kind::enumerated, 1}, 1, 0};
    c.provenance.data_sha256 =
        make_problem(read_experiment_text(c.experiment, "t").problem)->data_sha256();
    return c;
  };
  CampaignFile first = of("a.txt", "1\n2\n3\n4\n"), second = of("b.txt", "1\n2\n3\n4\n");
  second.method.name = "annealing";
  EXPECT_EQ(compare(std::vector{first, second}, {}).tables[0].rows.size(), 3u);
  const CampaignFile other = of("c.txt", "1\n2\n3\n5\n");
  EXPECT_NE(message_of<InputError>([&] {
              compare(std::vector{first, other}, {});
            }).find("another problem"),
            std::string::npos);
  folder.write("a.txt", "1\n2\n3\n9\n");  // since then
  const Comparison changed = compare(std::vector{first}, {});
  ASSERT_FALSE(changed.remarks.empty());
  EXPECT_NE(changed.remarks[0].find("data has changed since"), std::string::npos);
}

TEST(Comparison, TheVerbPrintsEveryFormat) {
  const TemporaryFolder folder;
  CampaignFile c = campaign("descent");
  c.energy = {energy()};
  write_campaign(folder / "a.h5", c);
  CampaignFile shots =
      campaign("", std::string(problem) + "[optimizer]\nname = \"spsa\"\nshots = 50\n");
  for (RestartRecord& r : shots.records)
    r.result.oracle[OraclePhase::optimization] = {400, 9, 4000};
  write_campaign(folder / "s.h5", shots);
  const ProgramRun text = run_qhn(
      folder, "compare a.h5 s.h5 --hardware '" QHN_SOURCE "/jobs/energy/superconducting.toml'");
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_TRUE(text.out.starts_with("A simulation that reads a table of costs cannot beat"));
  EXPECT_NE(text.out.find("Ledger 3, projected: superconducting qubits"), std::string::npos);
  // The defaults are those of the file that says where they come from.
  EXPECT_EQ(run_qhn(folder, "compare a.h5 s.h5").out, text.out);
  EXPECT_NE(
      run_qhn(folder, "compare a.h5 --format csv")
          .out.find(
              "\nclassical,full enumeration,network found,,\"ETS99, J, table in full\",8,8,8\n"),
      std::string::npos);
  EXPECT_NE(run_qhn(folder, "compare a.h5 --format markdown").out.find("| full enumeration |"),
            std::string::npos);
  EXPECT_NE(run_qhn(folder, "compare a.h5 --format latex").out.find("to solution 99 \\%"),
            std::string::npos);
  folder.write("bad.toml", "name = \"x\"\nsource = \"y\"\n[low]\nwatts = 0\n");
  const ProgramRun bad = run_qhn(folder, "compare a.h5 --hardware bad.toml");
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_NE(bad.err.find("bad.toml:4:"), std::string::npos) << bad.err;
}

}  // namespace
}  // namespace qhn
