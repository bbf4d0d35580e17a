// The rows table…: enumeration of all networks of an experiment.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "bench.hpp"
#include "core/aligned.hpp"
#include "core/error.hpp"
#include "core/random.hpp"
#include "problem/problem.hpp"

namespace qhn {
namespace {

constexpr int mnist_samples = 12665;  // images of 0 and 1

/// A text file that goes when its owner goes.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "qhn_bench_XXXXXX.csv").string();
    const int fd = ::mkostemps(name.data(), 4, O_CLOEXEC);
    if (fd < 0 || ::close(fd) != 0 || !(std::ofstream(name) << text).flush())
      throw RunError(fmt::format("{}: cannot write", name));
    path_ = name;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// Samples like those of small digits: many black pixels, the rest grey, labels that depend on
/// them.
std::string synthetic_images(int samples, int pixels) {
  std::string text;
  for (int s = 0; s < samples; ++s) {
    CounterRng rng(1, Stream::synthetic, static_cast<std::uint64_t>(s));
    const int label = rng.uniform() < 0.5;
    for (int j = 0; j < pixels; ++j) {
      const double grey = rng.uniform() * (((j / 2 + label) % 2) ? 1.0 : 0.4);
      text += fmt::format("{:.6f},", rng.uniform() < 0.5 ? 0.0 : grey);
    }
    text += fmt::format("{}\n", label);
  }
  return text;
}

/// 4×4 pixels of two MNIST digits, or as many synthetic images.
std::unique_ptr<Problem> make_images(const BenchOptions& bench, ProblemOptions options, int side) {
  options.side = side;
  if (bench.extent != Extent::smoke &&
      std::filesystem::exists(bench.data + "/train-images-idx3-ubyte")) {
    options.kind = ProblemKind::images;
    options.data = bench.data;
    return make_problem(options);
  }
  const TemporaryFile file(
      synthetic_images(bench.pick(200, mnist_samples, mnist_samples), side * side));
  options.kind = ProblemKind::csv;
  options.data = file.path();
  return make_problem(options);
}

struct TableCase {
  std::string benchmark;
  std::function<std::unique_ptr<Problem>()> problem;
  /// Work of the whole table for so many networks and samples.
  std::function<Work(double networks, double samples)> work;
};

void add(const BenchOptions& options, const TableCase& what, int threads, const std::string& detail,
         std::vector<Case>& cases) {
  const std::shared_ptr<Problem> problem = what.problem();
  const int qubits = problem->bits();
  const double networks = static_cast<double>(dimension(qubits));
  const double samples = static_cast<double>(problem->train_samples());
  const Row row{.benchmark = what.benchmark,
                .qubits = qubits,
                .threads = threads,
                .work = what.work(networks, samples),
                .items = networks * samples,
                .unit = "network·samples",
                .detail = detail};
  const bool broken = options.breaks(row.benchmark);
  const auto prepare = [=] {
    auto costs = std::make_shared<AlignedVector<double>>(dimension(qubits));
    const auto run = [=] { problem->costs(0, *costs); };
    const auto verify = [=] {
      run();
      if (broken) (*costs)[0] = -(*costs)[0];
      bool good = true;
      CounterRng rng(1, Stream::synthetic, 99);
      for (int k = 0; k < 12; ++k) {  // some networks, first and last included, sample by sample
        const Index w = k == 0 ? 0 : k == 1 ? costs->size() - 1 : rng() % costs->size();
        good = good && near((*costs)[w], problem->train_score(w)->loss);
      }
      return good;
    };
    return Task{run, verify, ""};
  };
  cases.push_back({row, 1, 8.0 * networks, prepare});
}

}  // namespace

void add_tables(const BenchOptions& options, std::vector<Case>& cases) {
  const bool smoke = options.extent == Extent::smoke;
  const bool mnist = !smoke && std::filesystem::exists(options.data + "/train-images-idx3-ubyte");
  const std::string images = mnist ? "MNIST" : "synthetic images";
  ProblemOptions logistic;
  logistic.network = NetworkKind::logistic;
  logistic.pair = {-3, 1};
  const int side = smoke ? 3 : 4;

  // Per (network, sample) one multiplication and one FMA.
  const auto logistic_work = [](double networks, double samples) {
    return Work{3.0 * networks * samples, 0.0};
  };
  for (int threads : options.threads > 1 ? std::vector{1, options.threads} : std::vector{1})
    add(options, {"table", [=] { return make_images(options, logistic, side); }, logistic_work},
        threads, images + " 0/1, logistic", cases);

  ProblemOptions pairs = logistic;
  pairs.pair_choice = true;
  pairs.digits = {3, 7};
  add(options, {"table-pairs", [=] { return make_images(options, pairs, side); }, logistic_work},
      options.threads, images + " 3/7, logistic, pair chosen", cases);

  ProblemOptions gaussian;
  gaussian.hidden = smoke ? 2 : 4;
  if (smoke) gaussian.train_samples = 200;
  const auto mlp_work = [=](double, double samples) {
    // Distinct networks: multisets of hidden units of 16 patterns, and two activations. Of each,
    // with both values of b2: `hidden` − 1 products, 2 FMA, 3 products, a division, 2 FMA.
    double multisets = 1;
    for (int i = 0; i < gaussian.hidden; ++i) multisets *= (16.0 + i) / (i + 1);
    return Work{2 * multisets * samples * (gaussian.hidden - 1 + 12), 0.0};
  };
  add(options, {"table-mlp", [=] { return make_problem(gaussian); }, mlp_work}, options.threads,
      fmt::format("gaussian, {} hidden units, activation chosen", gaussian.hidden), cases);

  ProblemOptions sign;
  sign.hidden = 1;
  sign.activations = {Activation::sign};
  sign.binarize = 0.5;
  const auto sign_work = [=](double networks, double samples) {
    // The direct way: XNOR and popcount of all inputs of half the networks, b2 coming free.
    return Work{0.0, 0.0, networks / 2 * samples * (side * side) / 64};
  };
  add(options, {"table-sign", [=] { return make_images(options, sign, side); }, sign_work},
      options.threads, images + " in black and white, one sign unit", cases);
}

}  // namespace qhn
