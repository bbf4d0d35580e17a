#include <gtest/gtest.h>

#include <cmath>

#include "cli/links.hpp"
#include "core/error.hpp"
#include "perf/machine_file.hpp"
#include "run_qhn.hpp"

namespace qhn {
namespace {

constexpr const char* synthetic =
    "[problem]\nkind = \"synthetic\"\nqubits = 20\n[circuit]\nsublayers = 4\n";

const std::string machines = QHN_SOURCE "/jobs/machines/";

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(MachineFile, ShippedOnesReadAndRoundTrip) {
  const TemporaryFolder folder;
  for (const char* name : {"epyc-slingshot", "grace-ndr"}) {
    const Machine machine = read_machine(machines + name + ".toml");
    EXPECT_EQ(machine.name, name);
    EXPECT_FALSE(machine.measured);
    ASSERT_TRUE(machine.node && machine.network);
    const std::string text = to_toml(machine);
    EXPECT_EQ(to_toml(read_machine(folder.write("m.toml", text))), text);
  }
}

TEST(MachineFile, NamesMistakes) {
  const TemporaryFolder folder;
  const std::string good = to_toml(read_machine(machines + "grace-ndr.toml"));
  const auto complaint = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return message_of<InputError>([&] { read_machine(folder.write("m.toml", text)); });
  };
  expect_contains(complaint("cores = 144", "cores = 0"), "node.cores: found 0; allowed: ");
  expect_contains(complaint("pass_qubits = [14, 19", "pass_qubits = [19, 14"),
                  "one_core.pass_qubits: found [19, 14, 22]; allowed: ascending numbers");
  expect_contains(complaint("sweep = [0.4, 0.4, 0.6]", "sweep = [0.4, 0.4]"),
                  "one_core.sweep: found [0.4, 0.4]; allowed: a positive number for each entry of "
                  "share_qubits");
  expect_contains(complaint("fma = ", "fmax = "), "one_core.fma: missing");
}

TEST(Links, AreMeasuredByAllRanksOfANode) {
  using Ranks = std::vector<int>;
  const auto within = [](const Ranks& node_of) { return link_partners(node_of, true); };
  const auto between = [](const Ranks& node_of) { return link_partners(node_of, false); };
  EXPECT_EQ(within({0, 0, 0, 0, 0}), (Ranks{1, 0, 3, 2, -1}));
  EXPECT_EQ(between({0, 0, 0}), (Ranks{-1, -1, -1}));
  EXPECT_EQ(within({0, 0, 2, 2}), (Ranks{1, 0, -1, -1}));
  EXPECT_EQ(between({0, 0, 2, 2}), (Ranks{2, 3, 0, 1}));
  // Ranks go round three nodes; the third one waits.
  EXPECT_EQ(within({0, 1, 2, 0, 1, 2}), (Ranks{3, -1, -1, 0, -1, -1}));
  EXPECT_EQ(between({0, 1, 2, 0, 1, 2}), (Ranks{1, 0, -1, 4, 3, -1}));
  EXPECT_EQ(within({0, 1, 1}), (Ranks{-1, -1, -1}));
  EXPECT_EQ(between({0, 1, 1}), (Ranks{1, 0, -1}));
}

TEST(Plan, CountsBytesAndForetellsTimes) {
  const TemporaryFolder folder;
  folder.write("e.toml", synthetic);
  const ProgramRun whole =
      run_qhn(folder, "plan e.toml --threads 1 --machine '" + machines + "epyc-slingshot.toml'");
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  expect_contains(whole.out, "stages       1, nothing is exchanged\n");
  expect_contains(whole.out, "table     8388608 bytes (8 MiB)\n");
  expect_contains(whole.out, "epyc-slingshot (described, not measured: ");
  expect_contains(whole.out, "smallest     1 node, 1 rank a node");
  expect_contains(whole.out,
                  "jobs/submit e.toml --nodes 1 --ntasks-per-node 1 --cpus-per-task 1 --machine ");
  // 8.4 MiB, a tenth more, 256 for the rank.
  expect_contains(
      whole.out, "sbatch       --nodes=1 --ntasks-per-node=1 --cpus-per-task=1 --mem=266M --time=");
  const ProgramRun distributed = run_qhn(
      folder,
      "plan e.toml --set engine.kind=sweep --nodes 2 --ranks-per-state 2 --threads 1 --machine '" +
          machines + "epyc-slingshot.toml'");
  ASSERT_EQ(distributed.exit_code, 0) << distributed.err;
  expect_contains(distributed.out, "19 of 20 qubits local\n");
  expect_contains(distributed.out, "table     4194304 bytes (4 MiB)\n");
  expect_contains(distributed.out,
                  "states    16777216 bytes (16 MiB)\n");  // two of 2^19 amplitudes
  expect_contains(distributed.out, "jobs/submit e.toml --nodes 2 --ntasks-per-node 1 ");
  expect_contains(distributed.out, " -- --ranks-per-state 2 --set 'engine.kind=sweep'\n");
}

// The line is there to be pasted.
TEST(Plan, QuotesWordsForTheShell) {
  const TemporaryFolder folder;
  folder.write("it's $(touch e).toml", synthetic);
  const ProgramRun run =
      run_qhn(folder, R"(plan "it's \$(touch e).toml" --threads 1 --set "name=\`touch n\`; 'x'")");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  expect_contains(run.out, R"(jobs/submit 'it'\''s $(touch e).toml' --nodes 1 )");
  expect_contains(run.out, R"( -- --set 'name=`touch n`; '\''x'\''')");
}

TEST(Plan, TellsABatchJobWhatToAskFor) {
  const TemporaryFolder folder;
  folder.write("e.toml", synthetic);
  const ProgramRun job =
      run_qhn(folder, "plan e.toml --format sbatch --nodes 3 --cores 12 --domains 4 --memory 1G");
  EXPECT_EQ(job.exit_code, 0) << job.err;
  // 1 GiB is all that a node has.
  EXPECT_EQ(job.out, "--nodes=3\n--ntasks-per-node=4\n--cpus-per-task=3\n--mem=1024M\n");
  const ProgramRun large = run_qhn(folder, "plan e.toml --format sbatch --memory 6M");
  EXPECT_EQ(large.exit_code, 2);
  EXPECT_EQ(large.out, "");
  expect_contains(large.err, "of a node, which has 6291456 bytes");

  // Shots need the amplitudes too, 2^20 of 16 bytes, and the state that they are read from.
  const auto states = [&](const std::string& options) {
    const std::string out = run_qhn(folder, "plan e.toml --threads 1 " + options).out;
    const std::size_t at = out.find("  states  ");
    return std::stod(out.substr(at + 12));
  };
  EXPECT_EQ(states("--set optimizer.name=spsa"), states("") + std::ldexp(32.0, 20));
  // And two more states for fidelities.
  EXPECT_EQ(states("--set optimizer.name=qnspsa"), states("") + std::ldexp(64.0, 20));
  const auto campaign = [&](const std::string& options) {
    const std::string machine = " --machine '" + machines + "epyc-slingshot.toml' --threads 1 ";
    const std::string out = run_qhn(folder, "plan e.toml" + machine + options).out;
    return out.substr(out.find("at most about "), 25);
  };
  // Of adam, parameter shifts take 2·(2·20·4 − 20) circuits, and E a last one; of spsa, 2 + 1.
  EXPECT_EQ(campaign("--set optimizer.name=adam --set optimizer.max_iterations=3"),
            campaign("--set optimizer.name=spsa --set optimizer.max_iterations=281"));
}

// Deep circuits: the registers of a cut do not shrink with the ranks.
TEST(Plan, TakesTheEngineThatFits) {
  const TemporaryFolder folder;
  folder.write("e.toml", synthetic);
  const auto plan = [&](const std::string& memory) {
    return run_qhn(folder,
                   "plan e.toml --set circuit.sublayers=16 --nodes 8 --ranks-per-state 8 "
                   "--threads 1 --cores 1 --memory " +
                       memory);
  };
  const ProgramRun ample = plan("64M");
  EXPECT_EQ(ample.exit_code, 0) << ample.err;
  expect_contains(ample.out, "engine       cut\n");
  expect_contains(ample.out, "smallest     1 node, 1 rank a node, 1 thread a rank, 1 rank a state");
  const ProgramRun scarce = plan("8M");
  EXPECT_EQ(scarce.exit_code, 0) << scarce.err;
  expect_contains(scarce.out, "engine       sweep: cut takes fewer operations, but 20971520 bytes");
  expect_contains(scarce.out, "MiB) on a rank, which has 7340032 bytes");  // beside 2^17 costs
  expect_contains(scarce.out, "smallest     8 nodes");
  const ProgramRun none = plan("4M");
  EXPECT_EQ(none.exit_code, 2);
  expect_contains(none.err, "of a node, which has 4194304 bytes (4 MiB); engine sweep holds 4");
  expect_contains(none.err, " on a rank, cut 20971520 bytes");
  expect_contains(none.err,
                  "; the smallest layout that fits: engine sweep, 16 nodes, 1 rank a node, "
                  "--ranks-per-state 16\n");
}

TEST(Plan, RefusesWhatDoesNotFit) {
  const TemporaryFolder folder;
  folder.write("e.toml", synthetic);
  const std::string machine = " --machine '" + machines + "grace-ndr.toml'";
  const ProgramRun large = run_qhn(folder, "plan e.toml --set problem.qubits=36" + machine);
  EXPECT_EQ(large.exit_code, 2);
  expect_contains(large.out, "smallest     4 nodes, 1 rank a node");  // of 2^34 costs each
  expect_contains(large.err, "of a node, which has 210000000000 bytes");
  const ProgramRun odd = run_qhn(folder, "plan e.toml --ranks 6 --ranks-per-state 3");
  EXPECT_EQ(odd.exit_code, 2);
  EXPECT_EQ(odd.err, "qhn: --ranks-per-state 3: 6 ranks; allowed: 1, 2\n");
  EXPECT_EQ(run_qhn(folder, "plan").err,
            "qhn: qhn plan: one of EXPERIMENT and --measure is needed\n");
}

}  // namespace
}  // namespace qhn
