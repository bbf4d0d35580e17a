// The row restarts: how many restarts a second one thread, all threads, or two processes finish.
#include <fcntl.h>
#include <omp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "bench.hpp"
#include "campaign/restart.hpp"
#include "core/simd.hpp"
#include "engine/reference.hpp"
#include "falsify.hpp"
#include "truth.hpp"

namespace qhn {
namespace {

constexpr int sublayers = 4;

int qubits_of(const BenchOptions& options) { return options.pick(8, 17, 17); }
int iterations_of(const BenchOptions& options) { return options.pick(5, 100, 100); }
/// Batches in a repetition, so that one thread can visit two cores.
constexpr int batches = 2;
/// Of one thread in one batch.
int batch_of(const BenchOptions& options) { return options.pick(1, 8, 24); }

/// Restarts on random costs that all end at an iteration limit, so that their work hardly differs:
/// each thread has an engine and takes restart after restart, as in the farm, `batch` on average.
class Batch {
 public:
  Batch(const BenchOptions& options, int threads, bool broken)
      : circuit_(make_circuit(Family::linear, qubits_of(options), sublayers)),
        cost_(dimension(circuit_.qubits)),
        batch_(batch_of(options)) {
    fill_random(cost_, 1, threads);
    function_.emplace(cost_);
    minimum_ = *std::ranges::min_element(cost_);
    options_.angles = circuit_.angles;
    options_.epsilons = {1e-3, 1e-4, 1e-5};
    options_.keep_angles = true;
    options_.optimizer.lbfgs.max_iterations = iterations_of(options);
    results_.resize(static_cast<std::size_t>(threads * batch_));
    engines_.resize(static_cast<std::size_t>(threads));
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (auto& engine : engines_) {  // where it will be used
      engine = make_engine(circuit_, cost_, {});
      if (broken) engine = falsify(std::move(engine));
    }
  }

  void run() {
    const int threads = static_cast<int>(engines_.size());
    const auto restarts = static_cast<int>(results_.size());
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int k = 0; k < restarts; ++k) {
      const auto id = static_cast<std::size_t>(k);
      Engine& engine = *engines_[static_cast<std::size_t>(omp_get_thread_num())];
      results_[id] = *run_restart(simulation(engine), options_, first_id_ + id);
    }
    first_id_ += results_.size();  // other angles next time
  }

  /// The final angles give the recorded expectation gate by gate; and the first steps are those
  /// that the reference engine leads to.
  bool verify() {
    run();
    bool good = true;
    for (const RestartResult& r : results_)
      good = good &&
             near(r.expectation, reference_expectation(reference_state(circuit_, r.angles), cost_));
    RestartOptions few = options_;
    few.optimizer.lbfgs.max_iterations = 3;
    const auto reference = make_engine(circuit_, cost_, {EngineKind::reference});
    const auto truth = run_restart(simulation(*reference), few, 0);
    for (auto& engine : engines_) {
      const auto found = run_restart(simulation(*engine), few, 0);
      good = good && found->evaluations == truth->evaluations &&
             near(found->expectation, truth->expectation, 1e-10);
    }
    return good;
  }

  double evaluations() const {
    double sum = 0;
    for (const RestartResult& r : results_) sum += r.evaluations;
    return sum;
  }
  double iterations() const {
    double sum = 0;
    for (const RestartResult& r : results_) sum += r.iterations;
    return sum;
  }
  double restarts() const { return static_cast<double>(results_.size()); }
  const Circuit& circuit() const { return circuit_; }

 private:
  Circuit circuit_;
  Simulation simulation(Engine& engine) const { return {engine, *function_, minimum_}; }

  AlignedVector<double> cost_;
  std::optional<CostsInMemory> function_;  // of cost_
  int batch_;
  double minimum_ = 0.0;
  RestartOptions options_;
  std::vector<std::unique_ptr<Engine>> engines_;
  std::vector<RestartResult> results_;
  std::uint64_t first_id_ = 0;
};

/// This program as a process of its own that runs a batch for every line it is sent.
class Worker {
 public:
  explicit Worker(const BenchOptions& options) {
    int down[2], up[2];
    if (pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0)
      throw std::runtime_error("cannot make a pipe");
    const char* extent = options.pick("--smoke", "--quick", "--full");
    process_ = fork();
    if (process_ == 0) {
      dup2(down[0], 0);
      dup2(up[1], 1);
      setenv("OMP_NUM_THREADS", "1", 1);
      execl("/proc/self/exe", "qhn_bench", "--worker", extent, "--simd", to_string(simd_level()),
            nullptr);
      _exit(127);
    }
    close(down[0]);
    close(up[1]);
    to_ = down[1];
    from_ = up[0];
    wait();  // until it is ready
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    close(to_);
    close(from_);
    if (process_ > 0) waitpid(process_, nullptr, 0);
  }

  void start() {
    if (write(to_, "\n", 1) != 1) throw std::runtime_error("a worker process is gone");
  }
  void wait() {
    char c;
    if (read(from_, &c, 1) != 1) throw std::runtime_error("a worker process has failed");
  }

 private:
  pid_t process_ = -1;
  int to_ = -1, from_ = -1;
};

Row restarts_row(const BenchOptions& options, const std::string& name, int threads) {
  // The work of one restart, counted once: it hardly varies.
  Batch probe(options, 1, false);
  probe.run();
  const ExecutionPlan plan = plan_execution(probe.circuit(), {});
  Work work = probe.evaluations() * gradient_work(plan) +
              (probe.iterations() + 2 * probe.restarts()) * most_probable_work(plan);
  return {.benchmark = name,
          .start = "zero",
          .qubits = qubits_of(options),
          .sublayers = sublayers,
          .threads = threads,
          .work = 1.0 / probe.restarts() * work,
          .batch = threads * probe.restarts(),
          .items = 1.0,
          .unit = "restarts",
          .detail = std::to_string(iterations_of(options)) + " iterations, " +
                    std::to_string(static_cast<int>(probe.evaluations() / probe.restarts())) +
                    " evaluations each"};
}

}  // namespace

void add_restarts(const BenchOptions& options, std::vector<Case>& cases) {
  const bool broken = options.breaks("restarts") || options.breaks("restarts-processes");
  for (int threads : options.threads > 1 ? std::vector{1, options.threads} : std::vector{1}) {
    const auto prepare = [=] {
      auto batch = std::make_shared<Batch>(options, threads, broken);
      return Task{[=] { batch->run(); }, [=] { return batch->verify(); }, ""};
    };
    cases.push_back({restarts_row(options, "restarts", threads), batches, 1e7, prepare});
  }
  if (options.threads < 2) return;
  const auto prepare = [=] {
    auto workers = std::make_shared<std::vector<std::unique_ptr<Worker>>>();
    for (int p = 0; p < 2; ++p) workers->push_back(std::make_unique<Worker>(options));
    const auto run = [=] {
      for (auto& worker : *workers) worker->start();
      for (auto& worker : *workers) worker->wait();
    };
    const auto verify = [=] {  // what they run: the batch of one thread
      return Batch(options, 1, broken).verify();
    };
    return Task{run, verify, ""};
  };
  cases.push_back({restarts_row(options, "restarts-processes", 2), batches, 2e7, prepare});
}

int restart_worker(const BenchOptions& options) {
  Batch batch(options, 1, false);
  do {
    std::putchar('\n');
    std::fflush(stdout);
    if (std::getchar() == EOF) return 0;
    batch.run();
  } while (true);
}

}  // namespace qhn
