#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "../record/temporary_folder.hpp"
#include "run_qhn.hpp"

namespace qhn {
namespace {

// A product state of 3 qubits, whose probabilities are known: qubit q is 1 with sin²(θ_q/2), and
// qubit 0 is the last bit.
TEST(Sample, CountsFollowTheProbabilities) {
  const TemporaryFolder folder;
  folder.write("costs.txt", "0.5\n1.5\n2.5\n3.5\n4.5\n5.5\n6.5\n7.5\n");
  folder.write("product.toml",
               "[problem]\nkind = \"table\"\ntable = \"costs.txt\"\n"
               "[circuit]\nfamily = \"product\"\nsublayers = 1\n");
  const double theta[] = {0.9, 2.2, 1.3};
  folder.write("angles.txt", "0.9 2.2 1.3 0.4 0.5 0.6\n");
  const ProgramRun run =
      run_qhn(folder, "sample product.toml --angles angles.txt --shots 20000 --seed 5");
  ASSERT_EQ(run.exit_code, 0) << run.err;

  std::map<std::string, int> counts;
  std::istringstream lines(run.out);
  int total = 0, last = 1 << 30;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string bits;
    int count = 0;
    double cost = 0.0;
    ASSERT_TRUE(fields >> bits >> count >> cost) << line;
    ASSERT_EQ(bits.size(), 3u);
    EXPECT_EQ(cost, 0.5 + std::stoi(bits, nullptr, 2));
    EXPECT_LE(count, last);  // most frequent first
    last = count;
    total += count;
    counts[bits] = count;
  }
  EXPECT_EQ(total, 20000);
  double chi2 = 0.0;
  for (int w = 0; w < 8; ++w) {
    double p = 1.0;
    for (int q = 0; q < 3; ++q) {
      const double one = std::pow(std::sin(theta[q] / 2.0), 2);
      p *= (w >> q) & 1 ? one : 1.0 - one;
    }
    const double expected = 20000 * p;
    chi2 += std::pow(counts[fmt::format("{:03b}", w)] - expected, 2) / expected;
  }
  EXPECT_LT(chi2, 24.3);  // 7 degrees of freedom, p = 0.001

  const std::string command = "sample product.toml --angles angles.txt --shots 20000 --seed ";
  EXPECT_EQ(run_qhn(folder, command + "5").out, run.out);
  EXPECT_NE(run_qhn(folder, command + "6").out, run.out);
  EXPECT_EQ(run_qhn(folder, command + "5 --ranks-per-state 2", QHN_MPIRUN "2").out, run.out);
}

TEST(Sample, ShowsTheDecodedNetwork) {
  const TemporaryFolder folder;
  folder.write("h2.toml",
               "[problem]\ntrain_samples = 50\n[network]\nhidden = 2\n"
               "[circuit]\nfamily = \"product\"\nsublayers = 1\n");
  // All angles 0: the string of zeros with certainty, every weight at the first of its pair.
  std::string zeros;
  for (int k = 0; k < 20; ++k) zeros += "0 ";
  folder.write("angles.txt", zeros);
  const ProgramRun run = run_qhn(folder, "sample h2.toml --angles angles.txt --shots 7");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("0000000000  7  "), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("W1[0,0]=-1"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("activation=relu"), std::string::npos) << run.out;
}

// The costs are those of the table, on whatever rank they are.
TEST(Sample, TellsTheCostOfEveryString) {
  const TemporaryFolder folder;
  std::string table, angles;
  for (int w = 0; w < 64; ++w) table += fmt::format("{:.17g}\n", std::sin(w) / 3);
  for (int k = 0; k < 2 * 6 * 3; ++k) angles += fmt::format("{} ", 0.3 + 0.4 * k);
  folder.write("costs.txt", table);
  folder.write("angles.txt", angles);
  folder.write("e.toml",
               "[problem]\nkind = \"table\"\ntable = \"costs.txt\"\n"
               "[circuit]\nfamily = \"linear\"\nsublayers = 3\n");
  const std::string command = "sample e.toml --angles angles.txt --shots 2000";
  const ProgramRun run = run_qhn(folder, command);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::istringstream lines(run.out);
  int strings = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string bits;
    int count = 0;
    double cost = 0.0;
    ASSERT_TRUE(fields >> bits >> count >> cost) << line;
    EXPECT_EQ(cost, std::sin(std::stoi(bits, nullptr, 2)) / 3) << line;
    ++strings;
  }
  EXPECT_GT(strings, 20);
  for (const char* ranks : {"2", "4"})
    EXPECT_EQ(
        run_qhn(folder, command + " --ranks-per-state " + ranks, QHN_MPIRUN + std::string(ranks))
            .out,
        run.out)
        << ranks;
}

TEST(Sample, RefusesNoShots) {
  const TemporaryFolder folder;
  folder.write("h2.toml", "[network]\nhidden = 2\n");
  const ProgramRun run = run_qhn(folder, "sample h2.toml --angles angles.txt --shots 0");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("--shots"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace qhn
