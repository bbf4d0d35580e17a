#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../cli/run_qhn.hpp"
#include "problem/data.hpp"
#include "problem/problem.hpp"
#include "problem/table_file.hpp"
#include "record/hdf5.hpp"

namespace qhn {
namespace {

constexpr const char* gaussian =
    "[problem]\nkind = \"gaussian\"\ntrain_samples = 100\ntest_samples = 50\n"
    "[network]\nkind = \"mlp\"\nhidden = 2\nactivation = [\"relu\", \"sigmoid\"]\n";

TEST(TableVerb, PrintsTheJsonOfTheIssue) {
  const TemporaryFolder folder;
  folder.write("e.toml", gaussian);
  const ProgramRun run = run_qhn(folder, "table e.toml --json --threads 2");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  std::set<std::string> keys;
  for (const auto& item : json.items()) keys.insert(item.key());
  EXPECT_EQ(keys, (std::set<std::string>{"qubits", "minimum", "minimizers", "best_index",
                                         "best_bits", "network", "train_samples", "train_loss",
                                         "train_accuracy", "train_majority_accuracy",
                                         "test_samples", "test_loss", "test_accuracy",
                                         "test_majority_accuracy", "networks_per_second"}));
  ProblemOptions options;
  options.hidden = 2;
  options.train_samples = 100;
  options.test_samples = 50;
  const auto problem = make_problem(options);
  const Index best = json["best_index"];
  double minimum = 1.0;
  int minimizers = 0;
  for (Index w = 0; w < 1024; ++w) minimum = std::min(minimum, problem->train_score(w)->loss);
  for (Index w = 0; w < 1024; ++w)
    if (problem->train_score(w)->loss <= minimum * (1 + 1e-12)) {
      if (minimizers++ == 0) {
        EXPECT_EQ(w, best);
      }
    }
  EXPECT_EQ(json["qubits"], 10);
  EXPECT_EQ(json["minimizers"], minimizers);
  EXPECT_NEAR(json["minimum"], minimum, 1e-14);
  EXPECT_EQ(json["train_accuracy"], problem->train_score(best)->accuracy);
  EXPECT_EQ(json["test_accuracy"], problem->test_score(best)->accuracy);
  EXPECT_EQ(json["test_loss"], problem->test_score(best)->loss);
  EXPECT_EQ(json["network"].size(), problem->decode(best).size());
  const auto& labels = problem->data()->train.labels;
  const auto ones = std::count(labels.begin(), labels.end(), 1);
  EXPECT_EQ(json["train_majority_accuracy"], static_cast<double>(std::max(ones, 100 - ones)) / 100);
  EXPECT_GT(json["networks_per_second"], 0.0);
}

TEST(TableVerb, WritesTablesThatReadBackExactly) {
  const TemporaryFolder folder;
  folder.write("e.toml", gaussian);
  ProblemOptions options;
  options.hidden = 2;
  options.train_samples = 100;
  options.test_samples = 50;
  std::vector<double> expected(1024);
  make_problem(options)->costs(0, expected);
  for (const char* name : {"t.txt", "t.h5"}) {
    const ProgramRun run = run_qhn(folder, std::string("table e.toml --out ") + name);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    std::vector<double> costs(1024);
    TableFile(folder / name).read(0, costs);
    EXPECT_EQ(costs, expected) << name;
  }
  folder.write("back.toml", "[problem]\nkind = \"table\"\ntable = \"t.h5\"\n");
  const ProgramRun run = run_qhn(folder, "table back.toml --json");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(nlohmann::json::parse(run.out)["test_accuracy"].is_null());

  std::fstream table(folder / "t.h5", std::ios::binary | std::ios::in | std::ios::out);
  table.seekp(4000);  // one of the costs
  table.put('\x55');
  table.close();
  const ProgramRun damaged = run_qhn(folder, "table back.toml");
  EXPECT_EQ(damaged.exit_code, 2);
  EXPECT_EQ(damaged.err, "qhn: t.h5: damaged: its check sum does not match its content\n");
}

TEST(TableVerb, SaysInTheFileWhereItComesFrom) {
  const TemporaryFolder folder;
  folder.write("e.toml", gaussian);
  const ProgramRun run = run_qhn(folder, "table e.toml --out t.h5 --json");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  const H5Id file(H5Fopen((folder / "t.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, "");
  ProblemOptions options;
  options.hidden = 2;
  options.train_samples = 100;
  options.test_samples = 50;
  EXPECT_EQ(read_text_attribute(file, "data_sha256"), make_problem(options)->data_sha256());
  EXPECT_NE(read_text_attribute(file, "experiment").find("hidden = 2"), std::string::npos);
  EXPECT_EQ(read_attribute<double>(file, "minimum"), json["minimum"]);
  EXPECT_EQ(read_attribute<std::uint64_t>(file, "best_index"), json["best_index"]);
  EXPECT_EQ(read_attribute<std::uint64_t>(file, "minimizers"), json["minimizers"]);
  EXPECT_EQ(read_attribute<std::int32_t>(file, "qubits"), json["qubits"]);
  for (const char* name : {"format", "version", "git_commit", "git_dirty", "compiler", "created"})
    EXPECT_FALSE(read_text_attribute(file, name).empty()) << name;
  const H5Id costs(H5Dopen2(file, "costs", H5P_DEFAULT), H5Dclose, "");
  for (const char* name : {"description", "unit", "shape"})
    EXPECT_FALSE(read_text_attribute(costs, name).empty()) << name;
  // Text is what the reference code exchanges: numbers, and nothing else.
  ASSERT_EQ(run_qhn(folder, "table e.toml --out t.txt").exit_code, 0);
  std::ifstream text(folder / "t.txt");
  std::size_t lines = 0;
  for (std::string line; std::getline(text, line); ++lines)
    EXPECT_EQ(line.find_first_not_of("0123456789.e+-"), std::string::npos) << line;
  EXPECT_EQ(lines, 1024u);
}

TEST(TableVerb, PrintsTheSpectrum) {
  const TemporaryFolder folder;
  folder.write("t.txt", "5\n1\n1\n-3\n");  // 1 + 2 Z0 + 2 Z1
  folder.write("e.toml", "[problem]\nkind = \"table\"\ntable = \"t.txt\"\n");
  const ProgramRun run = run_qhn(folder, "table e.toml --spectrum --json");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(nlohmann::json::parse(run.out)["spectrum"], (std::vector<double>{1, 8, 0}));
  const ProgramRun text = run_qhn(folder, "table e.toml --spectrum");
  EXPECT_NE(text.out.find("best index   3 = 11"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("1.000000"), std::string::npos) << text.out;
}

// An offset that all costs share makes none of them equal.
TEST(TableVerb, TheBestIndexHasTheLeastCost) {
  const TemporaryFolder folder;
  folder.write("e.toml", "[problem]\nkind = \"table\"\ntable = \"t.txt\"\n");
  const auto table = [&](const std::string& costs) {
    folder.write("t.txt", costs);
    const ProgramRun run = run_qhn(folder, "table e.toml --json");
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return nlohmann::json::parse(run.out);
  };
  const auto high = table("1e18\n1e18\n1e18\n9.999999999999999e17\n");
  EXPECT_EQ(high["best_index"], 3);
  EXPECT_EQ(high["minimizers"], 1);
  EXPECT_EQ(high["minimum"], 9.999999999999999e17);
  const auto low = table("-1e15\n-1000000000000001\n-1000000000000001\n-1e15\n");
  EXPECT_EQ(low["best_index"], 1);
  EXPECT_EQ(low["minimizers"], 2);
  // Sums of the same numbers in another order still count as equal, and so do constants.
  EXPECT_EQ(table("0.30000000000000004\n0.3\n1\n1\n")["minimizers"], 2);
  EXPECT_EQ(table("0.7\n0.7\n0.7\n0.7\n")["minimizers"], 4);
  EXPECT_EQ(table("0\n0\n0\n0\n")["minimizers"], 4);
}

// Losses that overflow are refused by every verb that needs them.
TEST(TableVerb, RefusesCostsThatAreNotFinite) {
  const TemporaryFolder folder;
  folder.write("d.csv", "a,b,label\n1e308,-1e308,0\n-1e308,1e308,1\n");
  folder.write("e.toml",
               "[problem]\nkind = \"csv\"\ndata = \"d.csv\"\n[network]\nkind = \"logistic\"\n");
  folder.write("angles",
               "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
  for (const char* line :
       {"table e.toml --spectrum", "table e.toml --json --out t.txt",
        "evaluate e.toml --angles angles --ignore-extra",
        "sample e.toml --shots 9 --angles angles --ignore-extra", "train e.toml --out o"}) {
    const ProgramRun run = run_qhn(folder, line);
    EXPECT_NE(run.exit_code, 0) << line;
    EXPECT_EQ(run.out, "") << line;
    EXPECT_NE(run.err.find("the cost of network "), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("; allowed: data and costs"), std::string::npos) << run.err;
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "t.txt"));
}

TEST(TableVerb, SaysHowADataFileWasRead) {
  const TemporaryFolder folder;
  folder.write("d.csv", "a,species\n1.5,dog\n2.5,cat\n0.5,dog\n");
  folder.write("e.toml",
               "[problem]\nkind = \"csv\"\ndata = \"d.csv\"\n[network]\nkind = \"logistic\"\n");
  for (const char* verb : {"table", "validate"}) {
    const ProgramRun run = run_qhn(folder, std::string(verb) + " e.toml");
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_NE(run.err.find("d.csv: label 0 is 'cat', label 1 is 'dog'\n"), std::string::npos)
        << run.err;
  }
}

TEST(TableVerb, RefusesBadInputInOneLine) {
  const TemporaryFolder folder;
  folder.write("e.toml", gaussian);
  folder.write("nan.txt", "1\nnan\n");
  const auto expect = [&](const std::string& arguments, int code, const std::string& message) {
    const ProgramRun run = run_qhn(folder, "table " + arguments);
    EXPECT_EQ(run.exit_code, code) << run.err;
    EXPECT_NE(run.err.find(message), std::string::npos) << run.err;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  };
  expect("absent.toml", 2, "absent.toml");
  expect("e.toml --out t.csv", 2, "--out t.csv: allowed: FILE.txt, FILE.h5 or -");
  expect("e.toml --out absent/t.txt", 1, "absent/t.txt: cannot write");
  expect("e.toml --threads 0", 2, "--threads");
  expect("e.toml --set network.hidden=12", 2, "50 qubits need");
  folder.write("t.toml", "[problem]\nkind = \"table\"\ntable = \"nan.txt\"\n");
  expect("t.toml", 2, "nan.txt:2: 'nan' is not a finite number");
}

}  // namespace
}  // namespace qhn
