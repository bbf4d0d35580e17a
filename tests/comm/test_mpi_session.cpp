// Under 3 ranks: how a failure ends a verb. Argument "agreed": a check that only rank 1 fails is
// raised alike everywhere; "alone": an error of rank 1 that the others, waiting for it, know
// nothing of; "group", "alike": one in an evaluation on rank 1 of two that hold a state together,
// or on both of them, while the third rank has nothing to do. "links": none fails where links
// between nodes are measured that this test makes up.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "campaign/group.hpp"
#include "cli/links.hpp"
#include "comm/distributed_engine.hpp"
#include "comm/mpi_session.hpp"
#include "core/error.hpp"
#include "engine/execution_plan.hpp"
#include "support/watched_costs.hpp"

namespace {

/// An engine that comes to its end in the third evaluation.
class Failing : public qhn::Engine {
 public:
  Failing(std::unique_ptr<qhn::Engine> engine, bool fails)
      : engine_(std::move(engine)), left_(fails ? 2 : -1) {}
  qhn::EngineKind kind() const override { return engine_->kind(); }
  double expectation(std::span<const double> angles) override {
    return engine_->expectation(angles);
  }
  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    if (left_-- == 0) throw std::bad_alloc();
    return engine_->expectation_and_gradient(angles, gradient);
  }
  qhn::StringSearch* strings() override { return engine_->strings(); }
  qhn::AmplitudeSource* amplitudes() override { return engine_->amplitudes(); }
  std::size_t bytes() const override { return engine_->bytes(); }

 private:
  std::unique_ptr<qhn::Engine> engine_;
  int left_;
};

void train_together(qhn::MpiSession& session, bool alike) {
  if (!session.narrow(2)) return;
  const std::atomic<bool> stop = false;
  qhn::Group group(session.world(), 2, stop,
                   [](const std::string& message) { qhn::abort_parallel_run(message, 1); });
  const qhn::Circuit circuit = qhn::make_circuit(qhn::Family::linear, 4, 3);
  const auto plan = qhn::plan_execution(circuit, {.engine = {qhn::EngineKind::sweep}, .ranks = 2});
  const std::vector<double> costs{0, 1, 2, 3, 4, 5, 6, 7};
  const std::shared_ptr<qhn::Engine> engine = group.together(std::make_unique<Failing>(
      make_distributed_engine(group.ranks(), plan, costs), alike || session.rank() == 1));
  const auto run = [&](std::uint64_t id, const qhn::RestartHooks& hooks) {
    const qhn::RestartOptions options{.angles = circuit.angles, .epsilons = {}, .optimizer = {}};
    const qhn::test::WatchedCosts none(4, [](qhn::Index) { return 0.0; });
    return qhn::run_restart({*engine, none, 0.0}, options, id, hooks);
  };
  const qhn::FarmOptions farm{.ids = {{0, 1000}}, .checkpoints = {}};
  session.agree([&] { run_farm(group, run, farm, stop, {}); });
}

/// As if rank 2 were on a node of its own.
void measure_links(qhn::MpiSession& session) {
  const std::vector<int> node_of{0, 0, 2};
  for (const bool same_node : {true, false}) {
    const auto link = qhn::measure_link(session.world(), node_of, same_node);
    if (!link || link->bandwidth < 1e6 || (session.rank() == 0 && link->latency <= 0.0))
      throw qhn::RunError("a link is missing");
  }
  const std::vector<int> alone{0, 1, 1};
  if (qhn::measure_link(session.world(), alone, true)) throw qhn::RunError("no such link");
}

void work(const std::string& how) {
  qhn::MpiSession session;
  const auto fail_on_one = [&] {
    if (session.rank() == 1) throw qhn::InputError("only here");
  };
  session.agree([] {});  // agreement that all is well raises nothing
  if (how == "agreed") session.agree(fail_on_one);
  if (how == "alone") fail_on_one();
  if (how == "group" || how == "alike") return train_together(session, how == "alike");
  if (how == "links") return measure_links(session);
  MPI_Barrier(session.world());
}

}  // namespace

int main(int, char** argv) {
  try {
    work(argv[1]);
    return 0;
  } catch (const CLI::RuntimeError& end) {
    return end.get_exit_code();
  } catch (const std::exception& error) {
    qhn::abort_parallel_run(error.what(), 2);
    fmt::print(stderr, "qhn: {}\n", error.what());
    return 2;
  }
}
