// locality, landscape and decode, run as a user runs them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "problem/landscape.hpp"
#include "problem/locality.hpp"
#include "problem/problem.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

std::unique_ptr<Problem> tiny_problem() {
  ProblemOptions options;
  options.hidden = 2;
  options.train_samples = 100;
  options.test_samples = 10;
  return make_problem(options);
}

std::vector<double> tiny_costs() {
  std::vector<double> costs(1024);
  tiny_problem()->costs(0, costs);
  return costs;
}

nlohmann::json json_of(const TemporaryFolder& folder, const std::string& command,
                       const std::string& launcher = "") {
  const ProgramRun run = run_qhn(folder, command + " --json", launcher);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return nlohmann::json::parse(run.out);
}

TEST(LocalityVerb, PrintsWeightsAndSharesOnAnyNumberOfRanks) {
  const TemporaryFolder folder;
  folder.write("e.toml", tiny);
  folder.write("t.toml", "[problem]\nkind = \"synthetic\"\nqubits = 3\n");
  std::vector<double> costs = tiny_costs();
  const Locality expected = find_locality(costs);
  for (int ranks : {1, 2, 4}) {
    const auto json = json_of(folder, fmt::format("locality e.toml --ranks {}", ranks),
                              ranks == 1 ? std::string() : mpirun(ranks));
    ASSERT_EQ(json["weights"].size(), 11u);
    ASSERT_EQ(json["shares"].size(), 10u);
    for (std::size_t s = 0; s <= 10; ++s) {
      EXPECT_NEAR(json["weights"][s], expected.weights[s], 1e-15) << ranks << " ranks, S = " << s;
      if (s > 0) {
        EXPECT_NEAR(json["shares"][s - 1], expected.share(s), 1e-12);
      }
    }
  }
  // Three ranks, of which two share the table; and ranks without the option.
  EXPECT_EQ(json_of(folder, "locality e.toml --ranks 2", mpirun(3))["qubits"], 10);
  const ProgramRun refused = run_qhn(folder, "locality e.toml", mpirun(2));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--ranks"), std::string::npos) << refused.err;
  const ProgramRun small = run_qhn(folder, "locality t.toml --ranks 4", mpirun(4));
  EXPECT_EQ(small.exit_code, 2);
  EXPECT_NE(small.err.find("a table of 3 bits is too small; allowed: at most 2"), std::string::npos)
      << small.err;
  const ProgramRun few = run_qhn(folder, "locality e.toml --ranks 4", mpirun(2));
  EXPECT_EQ(few.exit_code, 2);
  EXPECT_NE(few.err.find("--ranks 4: this run has 2 ranks; allowed: 1, 2"), std::string::npos)
      << few.err;
}

TEST(LocalityVerb, DoesNotPrintRounding) {
  const TemporaryFolder folder;
  folder.write("e.toml", "[problem]\nkind = \"table\"\ntable = \"t.txt\"\n");
  std::string costs;  // terms of one bit, rounded
  for (int w = 0; w < 4096; ++w)
    costs += fmt::format("{:.17g}\n", 0.1 * (w & 1) + 0.2 * (w >> 1 & 1) + 0.3 * (w >> 2 & 1));
  folder.write("t.txt", costs);
  const ProgramRun run = run_qhn(folder, "locality e.toml");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out.find("e-3"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("beyond: 0 up to rounding"), std::string::npos) << run.out;
}

TEST(LandscapeVerb, PrintsWhatTheTableHolds) {
  const TemporaryFolder folder;
  folder.write("e.toml", tiny);
  const std::vector<double> costs = tiny_costs();
  const Landscape expected = find_landscape(costs);
  const auto json = json_of(folder, "landscape e.toml --lowest 3 --bins 7");
  EXPECT_EQ(json["local_minima"], expected.minima.size());
  EXPECT_EQ(json["plateaus"], expected.plateaus);
  EXPECT_EQ(json["descent_success"], static_cast<double>(expected.reaching) / 1024.0);
  ASSERT_EQ(json["minima"].size(), std::min<std::size_t>(3, expected.minima.size()));
  EXPECT_EQ(json["minima"][0]["index"], expected.minima[0].string);
  EXPECT_EQ(json["minima"][0]["basin"], expected.minima[0].basin);
  ASSERT_EQ(json["lowest"].size(), 3u);
  EXPECT_EQ(json["lowest"][2]["index"], find_lowest(costs, 3)[2]);
  EXPECT_EQ(json["lowest"][0]["gap"], 0.0);
  EXPECT_TRUE(json["lowest"][0]["network"].contains("W1[0,0]"));
  EXPECT_EQ(json["histogram"]["edges"].size(), 8u);
  std::uint64_t all = 0;
  for (const std::uint64_t count : json["histogram"]["counts"]) all += count;
  EXPECT_EQ(all, 1024u);
  const ProgramRun text = run_qhn(folder, "landscape e.toml --lowest 1");
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find(fmt::format("local minima   {} under", expected.minima.size())),
            std::string::npos)
      << text.out;
}

TEST(DecodeVerb, TakesBitsOrAnIndex) {
  const TemporaryFolder folder;
  folder.write("e.toml", tiny);
  const auto problem = tiny_problem();
  const Index w = 0b1011001110;
  const auto by_bits = json_of(folder, "decode e.toml 1011001110");
  EXPECT_EQ(by_bits, json_of(folder, fmt::format("decode e.toml {}", w)));
  EXPECT_EQ(by_bits["index"], w);
  EXPECT_EQ(by_bits["bits"], "1011001110");
  EXPECT_NEAR(by_bits["cost"], problem->train_score(w)->loss, 1e-12);
  EXPECT_EQ(by_bits["train_accuracy"], problem->train_score(w)->accuracy);
  EXPECT_EQ(by_bits["test_loss"], problem->test_score(w)->loss);
  EXPECT_EQ(by_bits["test_samples"], 10);
  EXPECT_GE(by_bits["train_majority_accuracy"], 0.5);
  EXPECT_EQ(by_bits["network"].size(), problem->decode(w).size());
  EXPECT_EQ(by_bits["network"]["W1[0,0]"], problem->decode(w)[0].value);
  for (const char* wrong : {"1024", "-1", "10110011102", "abc", "0x3"}) {
    const ProgramRun run = run_qhn(folder, fmt::format("decode e.toml -- {}", wrong));
    EXPECT_EQ(run.exit_code, 2) << wrong;
    EXPECT_NE(run.err.find(fmt::format("NETWORK: found '{}'; allowed: 10 digits 0 and 1, or an "
                                       "index from 0 to 1023",
                                       wrong)),
              std::string::npos)
        << run.err;
  }
}

}  // namespace
}  // namespace qhn
