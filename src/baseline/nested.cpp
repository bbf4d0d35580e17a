#include "baseline/nested.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace qhn {
namespace {

constexpr int eta = 3;  // of successive halving

struct Configuration {
  Index choice;
  TrainerOptions options;
};

std::vector<Configuration> full_grid(const TrainingTask& task, TrainerKind kind) {
  const SearchRange& range = search_range(kind);
  std::vector<Configuration> grid;
  for (Index choice = 0; choice < dimension(task.network->choice_bits()); ++choice)
    for (const double rate : range.learning_rates)
      for (const double batch : range.batches)
        for (const double regularizer : range.regularizers)
          grid.push_back({choice, {kind, rate, static_cast<int>(batch), regularizer}});
  return grid;
}

std::vector<Configuration> draw(const TrainingTask& task, const NestedOptions& options,
                                CounterRng& rng) {
  const SearchRange& range = search_range(options.inner);
  const auto log_uniform = [&](const std::vector<double>& values) {
    const double low = std::log(values.front()), high = std::log(values.back());
    return std::exp(low + (high - low) * rng.uniform());
  };
  std::vector<Configuration> drawn;
  for (std::uint64_t k = 0; k < options.budget; ++k) {
    const Index choice = rng() & (dimension(task.network->choice_bits()) - 1);
    const double rate = log_uniform(range.learning_rates);
    const double regularizer = log_uniform(range.regularizers);
    const auto which = rng.uniform() * static_cast<double>(range.batches.size());
    const auto batch = static_cast<int>(range.batches[static_cast<std::size_t>(which)]);
    drawn.push_back({choice, {options.inner, rate, batch, regularizer}});
  }
  return drawn;
}

bool is_better(const Trial& a, const Trial& b) { return a.score() < b.score(); }

// Each rung has a third of the trials and three times the epochs of the rung before; the last has
// `epochs`.
void halve(std::vector<Trial>& trials, int epochs, LossOracle& loss, CounterRng& rng) {
  std::vector<Trial*> left;
  for (Trial& trial : trials) left.push_back(&trial);
  int shorter = 1;  // epochs of a full training / epochs of this rung
  for (std::size_t n = left.size(); n >= eta; n /= eta) shorter *= eta;
  for (int done = 0;; shorter /= eta) {
    const int until = std::max(1, epochs / shorter);
    for (Trial* trial : left) trial->train(until - done, loss, rng);
    done = until;
    if (shorter == 1) return;
    std::stable_sort(left.begin(), left.end(),
                     [](const Trial* a, const Trial* b) { return is_better(*a, *b); });
    left.resize(std::max<std::size_t>(1, left.size() / eta));
  }
}

std::vector<double> random_latent(int bits, CounterRng& rng) {
  std::vector<double> latent(static_cast<std::size_t>(bits));
  for (double& u : latent) u = 2.0 * rng.uniform() - 1.0;
  return latent;
}

}  // namespace

const char* to_string(Selection selection) {
  return selection == Selection::training ? "training" : "validation";
}

const char* to_string(Outer outer) {
  switch (outer) {
    case Outer::grid:
      return "grid";
    case Outer::random:
      return "random";
    case Outer::halving:
      return "halving";
  }
  return "unknown";
}

// Rates: decades around 0.01 … 1 for plain gradients, and 1e-4 … 1e-2 for sign gradients, whose
// step does not shrink with the gradient. Batches of 32 and a few hundred: Y. Bengio, Practical
// recommendations for gradient-based training (2012), sections 3.1.1 and 3.1.2. λ: decades around
// 1e-4, as in Bai et al. (see trainer.hpp), section 4.
const SearchRange& search_range(TrainerKind kind) {
  static const SearchRange ste{{0.01, 0.1, 1.0}, {32, 256}, {1.0}};
  static const SearchRange proxquant{{0.01, 0.1, 1.0}, {32, 256}, {1e-5, 1e-4, 1e-3}};
  static const SearchRange signsgd{{1e-4, 1e-3, 1e-2}, {32, 256}, {1.0}};
  switch (kind) {
    case TrainerKind::proxquant:
      return proxquant;
    case TrainerKind::signsgd:
      return signsgd;
    default:
      return ste;
  }
}

std::size_t TrainingTask::validation_samples() const {
  if (selection == Selection::training) return 0;
  return static_cast<std::size_t>(validation_fraction * static_cast<double>(data->size()));
}

std::uint64_t TrainingTask::epoch_samples() const {
  const std::size_t all = data->size(), held_out = validation_samples();
  return 3 * (all - held_out) + (selection == Selection::training ? all : held_out);
}

Trial::Trial(const TrainingTask& task, const TrainerOptions& options, Index choice, CounterRng& rng)
    : task_(task),
      choice_(choice),
      trainer_(task.network->resolve(choice), *task.data,
               task.data->size() - task.validation_samples(), options,
               random_latent(task.network->resolve(choice).bits(), rng)),
      score_(std::numeric_limits<double>::infinity()),
      best_(choice) {}

void Trial::train(int epochs, LossOracle& loss, CounterRng& rng) {
  const auto here = [this] { return trainer_.bits() << task_.network->choice_bits() | choice_; };
  std::vector<std::uint32_t> held_out(task_.validation_samples());
  std::iota(held_out.begin(), held_out.end(),
            static_cast<std::uint32_t>(task_.data->size() - held_out.size()));
  for (int epoch = 0; epoch < epochs; ++epoch) {
    Index asked = here();
    trainer_.epoch(rng, [&](std::size_t batch) {
      loss.bill(OraclePhase::optimization, asked, 3 * batch);
      asked = here();
    });
    loss.next_iteration();
    double score = 0.0;
    if (task_.selection == Selection::training) {
      score = loss(asked, OraclePhase::selection);
    } else {
      score = mean_loss(trainer_.network(), *task_.data, held_out,
                        trainer_.network().values(trainer_.bits()));
      loss.bill(OraclePhase::validation, asked, held_out.size());
    }
    if (score < score_) {
      score_ = score;
      best_ = asked;
    }
  }
}

Index nested_search(const TrainingTask& task, const NestedOptions& options, LossOracle& loss,
                    CounterRng& rng) {
  std::vector<Trial> trials;
  const auto configurations =
      options.outer == Outer::random ? draw(task, options, rng) : full_grid(task, options.inner);
  for (const auto& [choice, settings] : configurations)
    for (int k = 0; k < options.initialisations; ++k)
      trials.emplace_back(task, settings, choice, rng);
  if (options.outer == Outer::halving)
    halve(trials, options.epochs, loss, rng);
  else
    for (Trial& trial : trials) trial.train(options.epochs, loss, rng);
  return std::min_element(trials.begin(), trials.end(), is_better)->network();
}

}  // namespace qhn
