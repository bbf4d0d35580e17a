// The program as its users meet it: help, exit codes, and the verbs new, validate and export.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "campaign/experiment.hpp"
#include "record/campaign_file.hpp"
#include "run_qhn.hpp"

namespace qhn {
namespace {

std::vector<std::string> listed_verbs(const std::string& help) {
  std::vector<std::string> verbs;
  const std::regex line(R"(\n  ([a-z]+) +[A-Z])");
  for (std::sregex_iterator it(help.begin(), help.end(), line), end; it != end; ++it)
    verbs.push_back((*it)[1]);
  return verbs;
}

TEST(Program, GroupsItsVerbsAndShowsAnExampleOfEach) {
  const TemporaryFolder folder;
  const ProgramRun help = run_qhn(folder, "--help");
  EXPECT_EQ(help.exit_code, 0);
  for (const char* group : {"\nrun and resume campaigns:\n", "\nlook at results:\n",
                            "\nlook at a problem:\n", "\nprepare:\n", "\nexport:\n"})
    EXPECT_NE(help.out.find(group), std::string::npos) << group;
  const auto verbs = listed_verbs(help.out);
  for (const char* verb :
       {"train", "stats", "table", "evaluate", "sample", "new", "validate", "export"})
    EXPECT_EQ(std::count(verbs.begin(), verbs.end(), verb), 1) << verb;
  for (const std::string& verb : verbs) {
    const ProgramRun run = run_qhn(folder, verb + " --help");
    EXPECT_EQ(run.exit_code, 0) << verb;
    EXPECT_TRUE(std::regex_search(run.out, std::regex("Examples?:\n +.*qhn " + verb))) << run.out;
  }
}

TEST(Program, TellsItsVersion) {
  const TemporaryFolder folder;
  const ProgramRun run = run_qhn(folder, "--version");
  EXPECT_TRUE(
      std::regex_match(run.out, std::regex("qhn [0-9]+\\.[0-9]+\\.[0-9]+ \\(commit .*\\)\n")))
      << run.out;
}

TEST(Program, EndsBadUsageWithOneLineAndExitCode2) {
  const TemporaryFolder folder;
  for (const auto& [arguments, said] :
       {std::pair<std::string, std::string>{"", "A subcommand is required"},
        {"statss x", "unknown verb 'statss'"},
        {"stats", "RESULT is required"},
        {"stats x --nonsense", "--nonsense"},
        {"validate missing.toml", "missing.toml: cannot read the experiment: No such file"},
        {"validate missing.toml", "(looked for in /"},
        {"stats x --epsilon nan", "--epsilon: found 'nan'; allowed: a number above 0"},
        {"stats x --epsilon 1e-3 0", "--epsilon: found '0'; allowed: a number above 0"},
        {"status . --stale inf", "--stale: found 'inf'; allowed: a number from 1 to 1e+09"},
        {"train x --seed -1", "--seed: found '-1'; allowed: an integer from 0 to"},
        {"train x --seed ''", "--seed: found ''; allowed: "},
        {"sample x --angles a --shots 3 --seed 99999999999999999999",
         "--seed: found '99999999999999999999'; allowed: an integer from 0 to 9223372036854775807"},
        {"evaluate x --angles a --row -1", "--row: found '-1'; allowed: an integer from 0 to"},
        {"validate ''", "EXPERIMENT: found ''; allowed: a value that is not empty"}}) {
    const ProgramRun run = run_qhn(folder, arguments);
    EXPECT_EQ(run.exit_code, 2) << arguments;
    EXPECT_TRUE(run.err.starts_with("qhn: ")) << run.err;
    EXPECT_NE(run.err.find(said), std::string::npos) << run.err;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    EXPECT_EQ(run.out, "");
  }
  EXPECT_NE(run_qhn(folder, "statss x").err.find("did you mean 'stats'?"), std::string::npos);
}

TEST(New, WritesAValidExperimentAndNeverOverwrites) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_qhn(folder, "new mine").exit_code, 0);
  const Experiment e = read_experiment(folder / "mine.toml");
  EXPECT_EQ(e.name, "mine");
  Experiment defaults;
  defaults.name = "mine";
  EXPECT_EQ(to_toml(e), to_toml(defaults)) << "the template shows the defaults";

  const ProgramRun again = run_qhn(folder, "new mine.toml");
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_EQ(again.err, "qhn: mine.toml: exists already; choose another name\n");
  const ProgramRun nowhere = run_qhn(folder, "new none/mine");
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_EQ(nowhere.err, "qhn: none/mine.toml: cannot write: No such file or directory\n");
}

TEST(New, PrintsTheReferenceOfKeysThatTheDocumentsHold) {
  const TemporaryFolder folder;
  std::ifstream page(QHN_SOURCE "/docs/keys.md");
  EXPECT_EQ(run_qhn(folder, "new --keys").out,
            std::string(std::istreambuf_iterator<char>(page), {}))
      << "to update: build/release/bin/qhn new --keys > docs/keys.md";
  EXPECT_EQ(run_qhn(folder, "new --keys mine").exit_code, 2);
  EXPECT_EQ(run_qhn(folder, "new").err, "qhn: NAME is required (see qhn --help)\n");
}

TEST(Validate, PrintsTheResolvedExperiment) {
  const TemporaryFolder folder;
  const ProgramRun run =
      run_qhn(folder, "validate --set circuit.layers=2 --set restarts.count=5 " QHN_SOURCE
                      "/jobs/experiments/gaussian.toml");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("14 qubits, 112 angles"), std::string::npos) << run.out;
  const std::string file = folder.write("again.toml", run.out);
  const Experiment e = read_experiment(file);
  EXPECT_EQ(e.sublayers, 4);
  EXPECT_EQ(e.restart_count, 5u);
  EXPECT_EQ(e.name, "gaussian");
}

TEST(Validate, PrintsEveryTable) {
  const TemporaryFolder folder;
  folder.write("e.toml",
               "[baseline]\nmethod = [\"ste\", \"annealing\"]\n[baseline.annealing]\nsweeps = 7\n"
               "[baseline.ste]\nepochs = 3\n[meter]\npue = 1.2\n[carbon]\ngCO2e_per_kWh = 40\n");
  const std::string once = run_qhn(folder, "validate e.toml").out;
  for (const char* lines :
       {"\n[baseline]\nmethod = [\"ste\", \"annealing\"]\nselection = \"training\"\ntuning = "
        "100000\n",
        "\n[baseline.annealing]\nsweeps = 7\n", "\n[baseline.ste]\nepochs = 3\n",
        "\n[meter]\nsource = \"automatic\"\n", "\npue = 1.2\n", "\n[carbon]\ngCO2e_per_kWh = 40\n"})
    EXPECT_NE(once.find(lines), std::string::npos) << lines << once;
  folder.write("e.toml", once);
  EXPECT_EQ(run_qhn(folder, "validate e.toml").out, once);
}

TEST(Validate, RefusesWithPositionFindingAndWhatIsAllowed) {
  const TemporaryFolder folder;
  folder.write("e.toml", "[restarts]\ncount = 0\n");
  const ProgramRun zero = run_qhn(folder, "validate e.toml");
  EXPECT_EQ(zero.exit_code, 2);
  EXPECT_EQ(zero.err,
            "qhn: e.toml:2:9: restarts.count: found 0; allowed: an integer of at least 1\n");
  folder.write("e.toml", "[restarts]\ncoutn = 1\n");
  EXPECT_EQ(run_qhn(folder, "validate e.toml").err,
            "qhn: e.toml:2:1: unknown key 'restarts.coutn'; allowed here: count, halfwidth, "
            "relative_tts, epsilon, max, seed, keep_angles, keep_history, keep_scores; did you "
            "mean 'count'?\n");
}

TEST(Export, WritesTheCircuitOfARow) {
  const TemporaryFolder folder;
  folder.write("c.txt", "0\n1\n4\n9\n");
  folder.write("e.toml",
               "[problem]\nkind = \"table\"\ntable = \"c.txt\"\n[circuit]\nsublayers = 1\n");
  folder.write("a.txt", "9 9 9 9\n0.1 0.2 0.3 0.4\n");
  const ProgramRun run = run_qhn(folder, "export e.toml --angles a.txt --row 1 --openqasm3");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const std::string gates = run.out.substr(run.out.find("qubit["));
  EXPECT_EQ(gates,
            "qubit[2] q;\n"
            "ry(0.1) q[0];  // angle 0\n"
            "ry(0.2) q[1];  // angle 1\n"
            "p(0.3) q[0];  // angle 2\n"
            "p(0.4) q[1];  // angle 3\n");

  const ProgramRun deeper =
      run_qhn(folder, "export e.toml --set circuit.sublayers=2 --angles a.txt --openqasm3");
  EXPECT_EQ(deeper.exit_code, 2);
  EXPECT_EQ(deeper.err, "qhn: a.txt:1: found 4 angles; the circuit has 8\n");
  folder.write("a.txt", "0.1 0.2 0.3 0.4 0.5\n");
  EXPECT_EQ(run_qhn(folder, "export e.toml --angles a.txt --openqasm3").err,
            "qhn: a.txt:1: found 5 angles; the circuit has 4 (--ignore-extra drops the rest)\n");
  EXPECT_EQ(run_qhn(folder, "export e.toml --angles a.txt --ignore-extra --openqasm3").exit_code,
            0);
  EXPECT_EQ(run_qhn(folder, "export e.toml --openqasm3").exit_code, 2);
}

TEST(Export, WritesRecordsAsCsv) {
  const TemporaryFolder folder;
  CampaignFile campaign;
  campaign.name = "a";
  campaign.epsilons = {1e-3};
  campaign.table = {4, {Reference::Kind::enumerated, 0.0}, 1, 3};
  RestartRecord r;
  r.result.seed = 7;
  r.result.status = Status::iteration_limit;
  r.result.expectation = 0.1 + 0.2;
  r.result.gap = 1e-9;
  r.result.gradient_norm = 0.25;
  r.result.iterations = 500;
  r.result.evaluations = 700;
  r.result.best_string = BitString(4, 3);
  r.result.best_probability = 0.5;
  r.result.best_cost = -1;
  r.result.expectation_crossings = {{12, 15}};
  r.result.string_crossings = {{-1, -1}};
  r.result.angles = {1.5, -0.5};
  r.cost = {2, 1, std::nan(""), "node"};
  campaign.records = {r};
  write_campaign(folder / "campaign.h5", campaign);

  const std::string expected =
      "id,seed,status,expectation,gap,gradient_norm,iterations,evaluations,best_string,"
      "best_probability,best_cost,seconds,cpu_seconds,joules,host,expectation_iteration_0.001,"
      "expectation_evaluation_0.001,string_iteration_0.001,string_evaluation_0.001,angle_0,angle_"
      "1\n"
      "0,7,iteration_limit,0.30000000000000004,1e-09,0.25,500,700,3,0.5,-1,2,1,nan,node,12,15,-1,-"
      "1,"
      "1.5,-0.5\n";
  EXPECT_EQ(run_qhn(folder, "export . --csv").out, expected);
  EXPECT_EQ(run_qhn(folder, "export . --csv --out out.csv").exit_code, 0);
  std::ifstream file(folder / "out.csv");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), expected);
  EXPECT_EQ(run_qhn(folder, "export .").exit_code, 2);

  // With a ledger, its columns stand before the angles.
  campaign.records[0].result.oracle = {{{{20, 10, 200}, {3, 2, 30}, {0, 0, 0}}}};
  write_campaign(folder / "campaign.h5", campaign);
  const std::string billed = run_qhn(folder, "export . --csv").out;
  EXPECT_NE(billed.find(",optimisation_evaluations,optimisation_unique,optimisation_samples,"
                        "selection_evaluations,selection_unique,selection_samples,"
                        "validation_evaluations,validation_unique,validation_samples,angle_0"),
            std::string::npos)
      << billed;
  EXPECT_NE(billed.find(",-1,-1,20,10,200,3,2,30,0,0,0,1.5,-0.5\n"), std::string::npos) << billed;
}

}  // namespace
}  // namespace qhn
