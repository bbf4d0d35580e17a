#pragma once

#include <cstdint>
#include <vector>

#include "baseline/loss_oracle.hpp"
#include "baseline/trainer.hpp"

namespace qhn {

/// By what a trained network is chosen: the loss on all training samples, as in the quantum loop;
/// or the loss on the last fraction of them, which is then not trained on.
enum class Selection { training, validation };
const char* to_string(Selection selection);

/// How the outer loop goes through choice cells and optimiser settings.
enum class Outer { grid, random, halving };
const char* to_string(Outer outer);

/// What trainings of one experiment share; network and data must outlive it.
struct TrainingTask {
  const Network* network = nullptr;
  const DataSet* data = nullptr;
  Selection selection = Selection::training;
  double validation_fraction = 0.2;

  /// Samples that are validated on; 0 where selection is by training loss.
  std::size_t validation_samples() const;
  /// Samples of the ledger that one epoch costs: 3 for each sample trained on, and one pass over
  /// what is selected by.
  std::uint64_t epoch_samples() const;
};

struct NestedOptions {
  Outer outer = Outer::grid;
  TrainerKind inner = TrainerKind::ste;
  int epochs = 27;            ///< of one full inner training
  int initialisations = 1;    ///< trainings from different starts of each configuration
  std::uint64_t budget = 32;  ///< random: configurations drawn
};

/// Values an optimiser setting is usually looked for in.
struct SearchRange {
  std::vector<double> learning_rates;
  std::vector<double> batches;
  std::vector<double> regularizers;  ///< proxquant only, else one that is not used
};
const SearchRange& search_range(TrainerKind kind);

/// One network that is being trained, and the best it was at the end of an epoch.
class Trial {
 public:
  /// Latent numbers start uniform in [−1, 1); `rng` also draws the batches.
  Trial(const TrainingTask& task, const TrainerOptions& options, Index choice, CounterRng& rng);

  /// Goes on for so many epochs, and bills them.
  void train(int epochs, LossOracle& loss, CounterRng& rng);

  double score() const { return score_; }  ///< least loss that is selected by; +∞: none was finite
  Index network() const { return best_; }  ///< whose loss that is

 private:
  const TrainingTask& task_;
  Index choice_;
  BinaryTrainer trainer_;
  double score_;
  Index best_;
};

/// One nested search. The outer loop runs over all choice cells × optimiser settings by
/// - grid: every one of them;
/// - random: `budget` draws, cells and batches uniform, rates and regularizers uniform in their
///   logarithm between the ends of their range (Bergstra & Bengio, JMLR 13 (2012) 281);
/// - halving: successive halving with η = 3 (Jamieson & Talwalkar, AISTATS 2016): all of the grid
///   begin, at every rung the best third goes on for three times as many epochs.
/// Returns the network selected; all trials are billed, useless ones too.
Index nested_search(const TrainingTask& task, const NestedOptions& options, LossOracle& loss,
                    CounterRng& rng);

}  // namespace qhn
