#include "campaign/farm_records.hpp"

#include <algorithm>
#include <ctime>
#include <span>
#include <stdexcept>
#include <utility>

#include "core/clock.hpp"
#include "record/packing.hpp"

namespace qhn {
namespace {

constexpr double record_interval = 0.25;   // seconds between two messages with records
constexpr double own_interval = 0.02;      // between two batches of a writer's own records
constexpr std::size_t batch_limit = 4096;  // records in a message

}  // namespace

RecordRoute::RecordRoute(Mail& mail, SharedRestarts& restarts, const FarmOptions& options,
                         const FarmCallbacks& callbacks)
    : mail_(mail),
      restarts_(restarts),
      callbacks_(callbacks),
      writer_(options.writer),
      last_passed_(read_clock(CLOCK_MONOTONIC_COARSE)),
      last_reported_(last_passed_) {
  count_senders();
}

// Ranks with this writer send here and, at rank 0, the other writers.
void RecordRoute::count_senders() {
  const Communicator& comm = mail_.comm();
  std::vector<int> writers(static_cast<std::size_t>(comm.size()));
  MPI_Allgather(&writer_, 1, MPI_INT, writers.data(), 1, MPI_INT, comm);
  for (int rank = 0; rank < comm.size(); ++rank) {
    const int writer = writers[static_cast<std::size_t>(rank)];
    if (writer < 0 || writer >= comm.size() || writers[static_cast<std::size_t>(writer)] != writer)
      throw std::invalid_argument("a rank's writer is not its own writer");
    const int receiver = rank == writer ? 0 : writer;
    if (receiver == comm.rank() && rank != comm.rank()) ++senders_;
  }
  if (writers[0] != 0) throw std::invalid_argument("rank 0 is not its own writer");
}

void RecordRoute::serve(double now) {
  if (now - last_passed_ >= (is_writer() ? own_interval : record_interval)) {
    last_passed_ = now;
    pass_on();
  }
  if (now - last_reported_ >= record_interval) {
    last_reported_ = now;
    report();
  }
}

void RecordRoute::pass_on() {
  SharedRestarts::Results results = restarts_.take_results();
  if (is_writer()) return write(std::move(results));
  std::vector<std::vector<std::byte>> saved;
  for (const RestartCheckpoint& checkpoint : results.saved) saved.push_back(pack(checkpoint));
  for (std::span<const RestartRecord> rest = results.done; !rest.empty() || !saved.empty();) {
    const std::size_t batch = std::min(rest.size(), batch_limit);
    mail_.send(writer_, MailKind::records, pack(rest.first(batch)), std::exchange(saved, {}));
    rest = rest.subspan(batch);
  }
}

void RecordRoute::write(SharedRestarts::Results&& results) {
  if (!restarts_.failure().empty()) return;  // the failure may be a callback's
  if (!results.done.empty()) {
    std::vector<FinishedRestart> these;
    for (const RestartRecord& record : results.done)
      these.push_back({record.result.id, record.result.gap});
    callbacks_.records(std::move(results.done));
    if (mail_.comm().rank() == 0)
      count(these);
    else
      written_.insert(written_.end(), these.begin(), these.end());
  }
  if (!callbacks_.checkpoint) return;
  for (RestartCheckpoint& checkpoint : results.saved) callbacks_.checkpoint(std::move(checkpoint));
}

void RecordRoute::report() {
  if (!written_.empty()) mail_.send(0, MailKind::written, std::exchange(written_, {}));
}

void RecordRoute::count(const std::vector<FinishedRestart>& finished) {
  finished_ += finished.size();
  if (callbacks_.finished && restarts_.failure().empty()) callbacks_.finished(finished);
}

void RecordRoute::open(const Mail::Message& message) {
  if (message.kind == MailKind::records) {
    std::vector<std::byte> done;
    std::vector<std::vector<std::byte>> saved;
    message.read(done, saved);
    SharedRestarts::Results results{unpack(done), {}};
    for (const std::vector<std::byte>& bytes : saved)
      results.saved.push_back(unpack_checkpoint(bytes));
    write(std::move(results));
  } else if (message.kind == MailKind::written) {
    std::vector<FinishedRestart> finished;
    message.read(finished);
    count(finished);
  } else {
    ++senders_done_;
  }
}

}  // namespace qhn
