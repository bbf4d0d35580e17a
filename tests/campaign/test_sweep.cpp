#include <gtest/gtest.h>

#include "../record/temporary_folder.hpp"
#include "campaign/experiment.hpp"
#include "campaign/sweep.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

Sweep sweep_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const TemporaryFolder folder;
  return read_sweep(folder.write("e.toml", text), overrides);
}

std::vector<std::string> folders_of(const Sweep& sweep) {
  std::vector<std::string> folders;
  for (const SweepPoint& point : sweep.points) folders.push_back(point.folder);
  return folders;
}

// The complaint, without the folder.
std::string sweep_complaint(const std::string& sweep,
                            const std::vector<std::string>& overrides = {}) {
  const TemporaryFolder folder;
  const std::string file = folder.write("e.toml", "[sweep]\n" + sweep);
  std::string message = message_of<InputError>([&] { read_sweep(file, overrides); });
  if (message.starts_with(file)) message = message.substr(file.size() - 6);
  return message;
}

using Words = std::vector<std::string>;

TEST(Sweep, IsEveryCombinationInTheOrderOfTheFile) {
  const Sweep sweep = sweep_of(R"(
name = "mine"
[sweep]
problem.seed = "4..8..2"
circuit.family = ["product", "linear"]  # later by name, earlier in the file
circuit.layers = [1, 2]
)");
  EXPECT_EQ(sweep.name, "mine");
  EXPECT_EQ(sweep.keys, (Words{"problem.seed", "circuit.family", "circuit.layers"}));
  ASSERT_EQ(sweep.points.size(), 12u);
  EXPECT_EQ(sweep.points[0].folder, "seed=4,family=product,layers=1");
  EXPECT_EQ(sweep.points[1].folder, "seed=4,family=product,layers=2");
  EXPECT_EQ(sweep.points[2].folder, "seed=4,family=linear,layers=1");
  EXPECT_EQ(sweep.points[11].folder, "seed=8,family=linear,layers=2");
  EXPECT_EQ(sweep.points[11].values, (Words{"8", "'linear'", "2"}));
}

TEST(Sweep, APointIsTheExperimentWithItsValues) {
  const TemporaryFolder folder;
  const std::string file = folder.write("e.toml", R"(
[circuit]
sublayers = 5
[sweep]
circuit.layers = [3]
network.activation = ["tanh", ["relu", "sigmoid"]]
)");
  const Sweep sweep = read_sweep(file, {});
  ASSERT_EQ(sweep.points.size(), 2u);
  const Experiment e = read_experiment(file, sweep.points[1].overrides);
  EXPECT_EQ(e.sublayers, 6);  // layers replace the sublayers of the file
  EXPECT_EQ(e.problem.activations, (std::vector{Activation::relu, Activation::sigmoid}));
}

TEST(Sweep, RowsVaryTogether) {
  const Sweep sweep = sweep_of(R"(
[sweep]
restarts.seed = "1..2"
[[sweep.rows]]
circuit.layers = 1
restarts.count = 1000
[[sweep.rows]]
restarts.count = 300
circuit.layers = 5
)");
  EXPECT_EQ(sweep.keys, (Words{"restarts.seed", "circuit.layers", "restarts.count"}));
  EXPECT_EQ(folders_of(sweep), (Words{"seed=1,layers=1,count=1000", "seed=1,layers=5,count=300",
                                      "seed=2,layers=1,count=1000", "seed=2,layers=5,count=300"}));
}

TEST(Sweep, OfKeysWithOneLastNameNamesThemWhole) {
  EXPECT_EQ(folders_of(sweep_of("[sweep]\nproblem.seed = [1]\nrestarts.seed = [2, 3]\n")),
            (Words{"problem.seed=1,restarts.seed=2", "problem.seed=1,restarts.seed=3"}));
}

// A hash distinguishes values that cannot stand in the name of a folder.
TEST(Sweep, NamesFoldersOfAnyValue) {
  const Sweep sweep = sweep_of("[sweep]\nnetwork.pair = [[-1, 1], [-1.0, 1]]\n");
  ASSERT_EQ(sweep.points.size(), 2u);
  EXPECT_NE(sweep.points[0].folder, sweep.points[1].folder);
  for (const SweepPoint& point : sweep.points) {
    EXPECT_TRUE(point.folder.starts_with("pair=")) << point.folder;
    EXPECT_EQ(point.folder.find_first_of("/ []"), std::string::npos) << point.folder;
  }
}

TEST(Sweep, NumbersAreAsShortAsTheirValueAllows) {
  const Sweep sweep = sweep_of("[sweep]\nnoise.scale = [0.4, 1.0, 1e-7, 0.1234567890123456789]\n");
  EXPECT_EQ(folders_of(sweep),
            (Words{"scale=0.4", "scale=1.0", "scale=1e-07", "scale=0.12345678901234568"}));
}

TEST(Sweep, AnOptionTakesItsKeyOut) {
  const std::string text = "[sweep]\ncircuit.layers = [1, 2]\nrestarts.seed = \"1..9\"\n";
  const Sweep sweep = sweep_of(text, {"restarts.seed=77"});
  EXPECT_EQ(folders_of(sweep), (Words{"layers=1", "layers=2"}));
  EXPECT_EQ(folders_of(sweep_of(text, {"restarts.seed=7", "sweep.circuit.layers=[3]"})),
            (Words{"layers=3"}));
  // A list that is replaced keeps its place.
  EXPECT_EQ(folders_of(sweep_of(text, {"sweep.restarts.seed=[5]"})),
            (Words{"layers=1,seed=5", "layers=2,seed=5"}));
  const TemporaryFolder folder;
  const std::string file = folder.write("e.toml", text);
  EXPECT_EQ(read_experiment(file, {"circuit.layers=2", "restarts.seed=7"}).restart_seed, 7u);
  EXPECT_TRUE(read_sweep(file, {"circuit.layers=2", "restarts.seed=7"}).empty());
  EXPECT_NE(message_of<InputError>([&] {
              read_experiment(file, {"circuit.layers=2"});
            }).find("e.toml:1:1: sweep: found values for restarts.seed; allowed: qhn train"),
            std::string::npos);
}

TEST(Sweep, IsNotThereWithoutTheTable) { EXPECT_TRUE(sweep_of("[circuit]\n").empty()); }

TEST(Sweep, SaysWhatIsWrong) {
  EXPECT_EQ(
      sweep_complaint("circuit.layers = []\n"),
      "e.toml:2:18: sweep: circuit.layers: found []; allowed: a list as [1, 2, 3], or a range "
      "of integers as \"1..3\"");
  EXPECT_EQ(
      sweep_complaint("circuit.layers = 3\n").find("e.toml:2:18: sweep: circuit.layers: found 3;"),
      0u);
  EXPECT_NE(sweep_complaint("circuit.layers = \"3..1\"\n").find("first <= last"),
            std::string::npos);
  EXPECT_NE(sweep_complaint("circuit.layers = \"1..9..0\"\n").find("step >= 1"), std::string::npos);
  EXPECT_NE(sweep_complaint("restarts.seed = \"0..9223372036854775807\"\n").find("at most 10000"),
            std::string::npos);
  EXPECT_NE(sweep_complaint("restarts.seed = \"1..101\"\nproblem.seed = \"1..100\"\n")
                .find("found 10100 points; allowed: at most 10000"),
            std::string::npos);
  EXPECT_EQ(sweep_of("[sweep]\nrestarts.seed = \"9223372036854775800..9223372036854775807..5\"\n")
                .points.size(),
            2u);
  EXPECT_NE(sweep_complaint("restarts.seed = "
                            "\"-9223372036854775808..9223372036854775807..1000000000000000000\"\n")
                .find("found -9223372036854775808"),
            std::string::npos);
  EXPECT_NE(sweep_complaint("circuit.layers = [1, 2, 1]\n").find("found 1 twice"),
            std::string::npos);
  EXPECT_NE(sweep_complaint("circuit.layer = [1, 2]\n").find("did you mean 'layers'"),
            std::string::npos)
      << sweep_complaint("circuit.layer = [1, 2]\n");
  EXPECT_NE(sweep_complaint("circuit.layers = [1, 0]\n").find("layers=0: "), std::string::npos);
  EXPECT_NE(sweep_complaint("name = [\"a\", \"b\"]\n").find("name"), std::string::npos);
  EXPECT_NE(sweep_complaint("rows = 3\n").find("[[sweep.rows]]"), std::string::npos);
  EXPECT_NE(
      sweep_complaint("[[sweep.rows]]\ncircuit.layers = 1\n[[sweep.rows]]\nrestarts.seed = 1\n")
          .find("e.toml:4:1: sweep: rows: allowed: in every row the keys of the first: "
                "circuit.layers"),
      std::string::npos);
  EXPECT_NE(
      sweep_complaint("circuit.layers = [1]\n[[sweep.rows]]\ncircuit.layers = 1\n").find("twice"),
      std::string::npos);
  EXPECT_NE(sweep_complaint("[[sweep.rows]]\ncircuit.layers = 1\nrestarts.seed = 1\n",
                            {"restarts.seed=2"})
                .find("all or none"),
            std::string::npos);
}

}  // namespace
}  // namespace qhn
