#include <gtest/gtest.h>

#include "app/machine_file.hpp"
#include "core/error.hpp"
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
                  "jobs/submit e.toml --nodes 1 --ntasks-per-node 1 --cpus-per-task 1 --time ");
  const ProgramRun spread = run_qhn(
      folder,
      "plan e.toml --set engine.kind=sweep --nodes 2 --ranks-per-state 2 --threads 1 --machine '" +
          machines + "epyc-slingshot.toml'");
  ASSERT_EQ(spread.exit_code, 0) << spread.err;
  expect_contains(spread.out, "19 of 20 qubits local\n");
  expect_contains(spread.out, "table     4194304 bytes (4 MiB)\n");
  expect_contains(spread.out, "states    16777216 bytes (16 MiB)\n");  // two of 2^19 amplitudes
  expect_contains(spread.out, "job          none: qhn train keeps a state on one rank");
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
