#pragma once

#include <cstdint>
#include <vector>

#include "baseline/loss_oracle.hpp"
#include "baseline/trainer.hpp"

namespace qhn {

/// The loss that selects a trained network: on all training samples, as in the quantum loop, or on
/// the last fraction of them, which is then excluded from training.
enum class Selection { training, validation };
const char* to_string(Selection selection);

/// How the outer loop covers choice cells (values of the choice bits) and optimizer settings.
enum class Outer { grid, random, halving };
const char* to_string(Outer outer);

/// Common to all trainings of one experiment; `network` and `data` must outlive it.
struct TrainingTask {
  const Network* network = nullptr;
  const DataSet* data = nullptr;
  Selection selection = Selection::training;
  double validation_fraction = 0.2;

  /// Samples of the validation set; 0 if the training loss selects.
  std::size_t validation_samples() const;
  /// Ledger samples of one epoch: 3 for each training sample, plus one pass over the samples that
  /// select.
  std::uint64_t epoch_samples() const;
};

struct NestedOptions {
  Outer outer = Outer::grid;
  TrainerKind inner = TrainerKind::ste;
  int epochs = 27;            ///< of one full inner training
  int initialisations = 1;    ///< trainings per configuration, from different starts
  std::uint64_t budget = 32;  ///< Outer::random: configurations drawn
};

/// Search values of the optimizer settings.
struct SearchRange {
  std::vector<double> learning_rates;
  std::vector<double> batches;
  std::vector<double> regularizers;  ///< used by proxquant only, else one entry
};
const SearchRange& search_range(TrainerKind kind);

/// One network in training; keeps the best network at the end of an epoch.
class Trial {
 public:
  /// Latent numbers start uniform in [−1, 1). `rng` also draws the batches.
  Trial(const TrainingTask& task, const TrainerOptions& options, Index choice, CounterRng& rng);

  /// Trains for `epochs` more epochs and charges them to `loss`.
  void train(int epochs, LossOracle& loss, CounterRng& rng);

  double score() const { return score_; }  ///< least selecting loss; +∞: none was finite
  Index network() const { return best_; }  ///< network with that loss

 private:
  const TrainingTask& task_;
  Index choice_;
  BinaryTrainer trainer_;
  double score_;
  Index best_;
};

/// One nested search. The outer loop covers all choice cells × optimizer settings by
/// - grid: all of them;
/// - random: `budget` draws; cells and batches uniform, rates and regularizers log-uniform between
///   the ends of their range (Bergstra & Bengio, JMLR 13 (2012) 281);
/// - halving: successive halving with η = 3 (Jamieson & Talwalkar, AISTATS 2016): starts with the
///   whole grid; at every rung the best third continues for three times as many epochs.
/// Returns the selected network. All trials are charged.
Index nested_search(const TrainingTask& task, const NestedOptions& options, LossOracle& loss,
                    CounterRng& rng);

}  // namespace qhn
