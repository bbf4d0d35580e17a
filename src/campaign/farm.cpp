#include "campaign/farm.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "campaign/id_queue.hpp"
#include "campaign/slice.hpp"
#include "comm/communicator.hpp"
#include "comm/processors.hpp"
#include "core/chunks.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "record/packing.hpp"

namespace qhn {
namespace {

using namespace std::chrono_literals;

constexpr double least_chunk = 0.2;        // seconds of work in one request for ids
constexpr double chunk_per_rank = 5e-4;    // more with many ranks: rank 0 answers 2000/s
constexpr double record_interval = 0.25;   // seconds between two messages with records
constexpr double own_interval = 0.02;      // between two batches of a writer's own records
constexpr double service_interval = 0.02;  // between two polls of messages, 30 us each
constexpr double hurry_interval = 1e-3;    // the same while a worker waits for ids ...
constexpr double hurry_seconds = 0.02;     // ... and for this long afterwards
constexpr double soon = 0.1;               // the same for this long before the ids run out
constexpr std::size_t batch_limit = 4096;  // records in a message

// Kinds of messages, used as MPI tags.
enum Tag : int {
  request,     // to rank 0: {idle workers, ids wanted, workers, ids in stock}
  go_on_from,  // from rank 0, before the grant of its id: a packed checkpoint
  grant,       // from rank 0, answers a request: {first id, count, ids left, whether plenty are}
  records,     // to the writer: packed
  checkpoint,  // to the writer: packed
  written,     // from a writer to rank 0: FinishedRestarts
  halt,        // to rank 0, through the writer: end the campaign; from rank 0: stop
  last,        // to the writer, and from a writer to rank 0: no more records
  over,        // from rank 0: the last message to each rank
};
using Numbers = std::array<std::uint64_t, 4>;

double coarse_seconds() { return read_clock(CLOCK_MONOTONIC_COARSE); }
double fine_seconds() { return read_clock(CLOCK_MONOTONIC); }
double thread_cpu_seconds() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

/// Messages of one rank; used by the calling thread only. Sends never block.
class Mail {
 public:
  explicit Mail(MPI_Comm comm) {
    MPI_Comm_dup(comm, &comm_);
    MPI_Comm_rank(comm_, &rank_);
    MPI_Comm_size(comm_, &size_);
  }
  ~Mail() {
    for (Sent& sent : sent_) MPI_Wait(&sent.request, MPI_STATUS_IGNORE);
    MPI_Comm_free(&comm_);
  }
  Mail(const Mail&) = delete;
  Mail& operator=(const Mail&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  MPI_Comm comm() const { return comm_; }

  void send(int to, Tag tag, std::vector<std::byte> bytes) {
    std::erase_if(sent_, [](Sent& sent) {
      int done = 0;
      MPI_Test(&sent.request, &done, MPI_STATUS_IGNORE);
      return done != 0;
    });
    Sent& sent = sent_.emplace_back(Sent{std::move(bytes), MPI_REQUEST_NULL});
    MPI_Isend(sent.bytes.data(), static_cast<int>(sent.bytes.size()), MPI_BYTE, to, tag, comm_,
              &sent.request);
  }
  template <class T>
  void send(int to, Tag tag, std::span<const T> items) {
    const auto bytes = std::as_bytes(items);
    send(to, tag, std::vector<std::byte>(bytes.begin(), bytes.end()));
  }
  void send(int to, Tag tag, const Numbers& numbers = {}) {
    send(to, tag, std::span<const std::uint64_t>(numbers));
  }

  struct Message {
    int from;
    Tag tag;
    std::vector<std::byte> bytes;
    template <class T>
    std::vector<T> items() const {
      std::vector<T> list(bytes.size() / sizeof(T));
      std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span(list)).begin());
      return list;
    }
    Numbers numbers() const {
      Numbers n{};
      std::copy_n(bytes.begin(), sizeof n, std::as_writable_bytes(std::span(n)).begin());
      return n;
    }
  };
  /// The next complete message; messages of one rank are returned in the order they were sent.
  /// Never blocks: a long message arrives in pieces, whenever its sender polls.
  std::optional<Message> receive() {
    for (;;) {
      int there = 0, length = 0;
      MPI_Message handle = MPI_MESSAGE_NULL;
      MPI_Status status;
      MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_, &there, &handle, &status);
      if (!there) break;
      MPI_Get_count(&status, MPI_BYTE, &length);
      Arriving& one = arriving_.emplace_back(
          Arriving{{status.MPI_SOURCE, static_cast<Tag>(status.MPI_TAG), {}}, MPI_REQUEST_NULL});
      one.message.bytes.resize(static_cast<std::size_t>(length));
      MPI_Imrecv(one.message.bytes.data(), length, MPI_BYTE, &handle, &one.request);
    }
    std::set<int> incomplete;  // ranks
    for (auto it = arriving_.begin(); it != arriving_.end(); ++it) {
      if (incomplete.contains(it->message.from)) continue;
      int done = 0;
      MPI_Test(&it->request, &done, MPI_STATUS_IGNORE);
      if (!done) {
        incomplete.insert(it->message.from);
        continue;
      }
      Message message = std::move(it->message);
      arriving_.erase(it);
      return message;
    }
    return std::nullopt;
  }

 private:
  struct Sent {
    std::vector<std::byte> bytes;
    MPI_Request request;
  };
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  struct Arriving {
    Message message;
    MPI_Request request;
  };
  std::list<Sent> sent_;
  std::list<Arriving> arriving_;
};

class Farm {
 public:
  Farm(MPI_Comm comm, const std::function<RestartRunner()>& make_runner, const FarmOptions& options,
       const std::atomic<bool>& stop, const FarmCallbacks& callbacks)
      : mail_(comm),
        make_runner_(make_runner),
        options_(options),
        stop_(stop),
        callbacks_(callbacks),
        host_(host_name()),
        workers_(static_cast<std::uint64_t>(options.workers)),
        chunk_seconds_(std::max(least_chunk, chunk_per_rank * mail_.size())),
        queue_(options.ids, count_workers()) {
    if (is_root()) resume_ = options.checkpoints;
    count_senders();
  }

  std::uint64_t run() {
    if (options_.workers == 1) {
      busy_ = 1;
      work(true);  // not inside a parallel region: the engine may open its own
    } else {
      omp_set_dynamic(0);
#pragma omp parallel num_threads(options_.workers)
      {
#pragma omp single
        {
          busy_ = omp_get_num_threads();
          if (busy_ != options_.workers)
            fail("OpenMP started " + std::to_string(busy_) + " of the " +
                 std::to_string(options_.workers) + " requested threads");
        }
        work(omp_get_thread_num() == 0);
      }
    }
    return finish();
  }

 private:
  bool is_root() const { return mail_.rank() == 0; }
  bool is_writer() const { return mail_.rank() == options_.writer; }

  std::uint64_t count_workers() const {
    std::uint64_t all = 0;
    MPI_Allreduce(&workers_, &all, 1, MPI_UINT64_T, MPI_SUM, mail_.comm());
    return all;
  }

  // Counts the ranks that send records here: those with this writer, and at rank 0 other writers.
  void count_senders() {
    std::vector<int> writers(static_cast<std::size_t>(mail_.size()));
    MPI_Allgather(&options_.writer, 1, MPI_INT, writers.data(), 1, MPI_INT, mail_.comm());
    for (int rank = 0; rank < mail_.size(); ++rank) {
      const int writer = writers[static_cast<std::size_t>(rank)];
      if (writer < 0 || writer >= mail_.size() ||
          writers[static_cast<std::size_t>(writer)] != writer)
        throw std::invalid_argument("a rank's writer is not its own writer");
      const int receiver = rank == writer ? 0 : writer;
      if (receiver == mail_.rank() && rank != mail_.rank()) ++senders_;
    }
    if (writers[0] != 0) throw std::invalid_argument("rank 0 is not its own writer");
  }

  // --- any thread ---

  // One worker. `caller`: the thread that may use MPI; it serves until all workers are done.
  void work(bool caller) noexcept {
    guarded([&] {
      const RestartRunner run = make_runner_();
      const std::function<void()> poll = [this, caller] {
        if (caller) serve(coarse_seconds());
        if (given_up_) throw Abandoned{};
      };
      const ChunkPoll polled(options_.poll_inside ? &poll : nullptr);
      // Between restarts too: short ones end before their first poll.
      const auto next = [&] {
        if (caller) serve(coarse_seconds());
        return next_id(caller);
      };
      while (const auto id = next()) {
        const double start = fine_seconds();
        const double cpu_start = working_cpu_seconds(caller);
        const std::optional<RestartCheckpoint> resume = take_checkpoint(*id);
        const RestartCheckpoint before = resume.value_or(RestartCheckpoint{});
        double saved = coarse_seconds();
        RestartHooks hooks;
        hooks.resume = resume ? &*resume : nullptr;
        hooks.next = [&, this] {
          const double now = coarse_seconds();
          if (caller) serve(now);
          if (given_up_) return RestartHooks::Order::give_up;
          if (now - saved < options_.checkpoint_seconds) return RestartHooks::Order::go_on;
          saved = now;
          return RestartHooks::Order::save;
        };
        hooks.save = [&, this](RestartCheckpoint&& checkpoint) {
          checkpoint.seconds = before.seconds + fine_seconds() - start;
          checkpoint.cpu_seconds = before.cpu_seconds + working_cpu_seconds(caller) - cpu_start;
          const std::lock_guard lock(mutex_);
          saved_.push_back(std::move(checkpoint));
        };
        auto result = run(*id, hooks);
        if (!result) {
          give_up();  // needed if another rank of the group received the signal
          break;
        }
        RestartRecord record{std::move(*result), {}};
        record.cost.seconds = before.seconds + fine_seconds() - start;
        record.cost.cpu_seconds = before.cpu_seconds + working_cpu_seconds(caller) - cpu_start;
        record.cost.host = host_;
        const std::lock_guard lock(mutex_);
        work_seconds_ += record.cost.seconds;
        ++work_count_;
        done_.push_back(std::move(record));
      }
    });
    --busy_;
    while (caller && busy_ > 0) serve_or_sleep();
  }

  // CPU seconds of this thread, without those of serve(), which are not a cost of restarts.
  double working_cpu_seconds(bool caller) const {
    return thread_cpu_seconds() - (caller ? served_cpu_seconds_ : 0.0);
  }

  // The next restart of this worker; nullopt: none is left.
  std::optional<std::uint64_t> next_id(bool caller) {
    std::unique_lock lock(mutex_);
    while (!given_up_) {
      if (stock_.empty() && is_root()) put_into_stock(queue_.take(1, 1, 1));
      if (!stock_.empty()) {
        const std::uint64_t id = stock_.front();
        stock_.pop_front();
        return id;
      }
      if (is_root() || none_left_) break;
      ++idle_;
      if (caller) {
        lock.unlock();
        serve_or_sleep();
        lock.lock();
      } else {
        news_.wait(lock);
      }
      --idle_;
    }
    return std::nullopt;
  }

  std::optional<RestartCheckpoint> take_checkpoint(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto node = resume_.extract(id);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }

  void put_into_stock(IdRange ids) {
    for (std::uint64_t i = 0; i < ids.count; ++i) stock_.push_back(ids.first + i);
  }

  template <class Work>
  void guarded(const Work& work) noexcept {
    try {
      work();
    } catch (const std::exception& error) {
      fail(error.what());
    } catch (...) {
      fail("unknown exception");
    }
  }

  void fail(const std::string& message) {
    {
      const std::lock_guard lock(mutex_);
      if (failure_.empty()) failure_ = message;
    }
    give_up();
  }

  void give_up() {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
    news_.notify_all();
  }

  // --- the calling thread only ---

  // Handles messages and callbacks. Called at every iteration; returns at once before the interval
  // has passed, which is shorter if a worker has recently waited for ids.
  void serve(double now) noexcept {
    const bool hurry = now < hurry_until_;
    if (hurry) now = fine_seconds();
    if (now - last_service_ < (hurry ? hurry_interval : service_interval)) return;
    last_service_ = now;
    const double cpu_start = thread_cpu_seconds();
    look_after(now);
    served_cpu_seconds_ += thread_cpu_seconds() - cpu_start;
  }

  void serve_or_sleep() noexcept {
    look_after(fine_seconds());
    std::this_thread::sleep_for(200us);
  }

  void look_after(double now) noexcept {
    guarded([&] {
      if (stop_ && !given_up_) give_up();
      while (const auto message = mail_.receive()) open(*message);
      if (given_up_) halt_others();
      if (!is_root()) ask_for_ids();
      // Poll often near the end: the others take the work of a rank that waits for an answer.
      if (is_root() && ids_end_soon()) hurry_until_ = now + hurry_seconds;
      if (is_root() && callbacks_.tick && !given_up_) callbacks_.tick();
      if (is_writer() && now - last_own_ >= own_interval) {
        last_own_ = now;
        pass_on();
      }
      if (now - last_passed_ >= record_interval) {
        last_passed_ = now;
        pass_on();
        tell_what_is_written();
      }
    });
  }

  bool ids_end_soon() {
    const std::lock_guard lock(mutex_);
    return queue_.left() > 0 && work_count_ > 0 &&
           queue_.rounds_left() * work_seconds_ < soon * work_count_;
  }

  void open(const Mail::Message& message) {
    switch (message.tag) {
      case request: {
        const auto [idle, wish, workers, stock] = message.numbers();
        const std::lock_guard lock(mutex_);
        const IdRange ids = given_up_ ? IdRange{} : queue_.take(idle, wish, workers, stock);
        for (auto it = resume_.lower_bound(ids.first); it != resume_.end() && it->first < ids.end();
             it = resume_.erase(it))
          mail_.send(message.from, go_on_from, pack(it->second));
        if (idle > 0) hurry_until_ = fine_seconds() + hurry_seconds;
        mail_.send(message.from, grant,
                   {ids.first, ids.count, given_up_ ? 0 : queue_.left(), queue_.plenty()});
        break;
      }
      case go_on_from: {
        RestartCheckpoint begun = unpack_checkpoint(message.bytes);
        const std::lock_guard lock(mutex_);
        resume_[begun.id] = std::move(begun);
        break;
      }
      case grant: {
        const auto [first, count, left, plenty] = message.numbers();
        const std::lock_guard lock(mutex_);
        put_into_stock({first, count});
        asked_ = false;
        ask_early_ = plenty != 0;
        none_left_ = left == 0;
        news_.notify_all();
        break;
      }
      case records:
        write(unpack(message.bytes));
        break;
      case checkpoint:
        write(unpack_checkpoint(message.bytes));
        break;
      case written:
        count(message.items<FinishedRestart>());
        break;
      case halt:
        give_up();
        break;
      case last:
        ++senders_done_;
        break;
      case over:
        over_ = true;
        break;
    }
  }

  void ask_for_ids() {
    const std::lock_guard lock(mutex_);
    if (asked_ || none_left_ || given_up_) return;
    const double mean = work_count_ == 0 ? chunk_seconds_ : work_seconds_ / work_count_;
    const auto wish =
        workers_ * static_cast<std::uint64_t>(std::clamp(chunk_seconds_ / mean, 1.0, 1e6));
    // While plenty are left, ask before the stock is empty: the answer may take milliseconds.
    const bool early = ask_early_ && stock_.size() < std::max(workers_, wish / 2);
    if (idle_ == 0 && !early) return;
    if (idle_ > 0) hurry_until_ = fine_seconds() + hurry_seconds;
    mail_.send(0, request, {idle_, wish, workers_, stock_.size()});
    asked_ = true;
  }

  // The rank that gets this rank's records and `halt`.
  int receiver() const { return is_writer() ? 0 : options_.writer; }

  // Once: rank 0 sends `halt` to all ranks; other ranks send it towards rank 0.
  void halt_others() {
    if (std::exchange(halted_others_, true)) return;
    if (!is_root()) return mail_.send(receiver(), halt);
    for (int rank = 1; rank < mail_.size(); ++rank) mail_.send(rank, halt);
  }

  // Sends records and checkpoints of this rank's workers to its writer.
  void pass_on() {
    std::vector<RestartRecord> done;
    std::vector<RestartCheckpoint> saved;
    {
      const std::lock_guard lock(mutex_);
      done.swap(done_);
      saved.swap(saved_);
    }
    if (is_writer()) {
      write(std::move(done));
      for (RestartCheckpoint& c : saved) write(std::move(c));
      return;
    }
    for (const RestartCheckpoint& c : saved) mail_.send(options_.writer, checkpoint, pack(c));
    for (std::span<const RestartRecord> rest = done; !rest.empty();) {
      const std::size_t batch = std::min(rest.size(), batch_limit);
      mail_.send(options_.writer, records, pack(rest.first(batch)));
      rest = rest.subspan(batch);
    }
  }

  void write(std::vector<RestartRecord>&& done) {
    if (done.empty() || !failure().empty()) return;  // the failure may be this callback's
    std::vector<FinishedRestart> these;
    for (const RestartRecord& record : done) these.push_back({record.result.id, record.result.gap});
    callbacks_.records(std::move(done));
    if (is_root()) return count(these);
    written_.insert(written_.end(), these.begin(), these.end());
  }
  void write(RestartCheckpoint&& saved) {
    if (callbacks_.checkpoint && failure().empty()) callbacks_.checkpoint(std::move(saved));
  }

  void tell_what_is_written() {
    if (written_.empty()) return;
    mail_.send(0, written, std::span<const FinishedRestart>(written_));
    written_.clear();
  }

  // On rank 0: counts restarts written by any writer.
  void count(const std::vector<FinishedRestart>& finished) {
    finished_ += finished.size();
    if (callbacks_.finished && failure().empty()) callbacks_.finished(finished);
  }

  std::string failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  // The workers of this rank are done: waits for all ranks that send records here.
  std::uint64_t finish() {
    guarded([&] { pass_on(); });
    while (senders_done_ < senders_ || asked_) serve_or_sleep();
    guarded([&] { tell_what_is_written(); });
    if (given_up_) halt_others();
    if (is_root()) {
      for (int rank = 1; rank < mail_.size(); ++rank) mail_.send(rank, over);
    } else {
      mail_.send(receiver(), last);
      while (!over_) serve_or_sleep();
    }
    throw_agreed(mail_.comm(), failure_, options_.called);
    MPI_Bcast(&finished_, 1, MPI_UINT64_T, 0, mail_.comm());
    return finished_;
  }

  Mail mail_;
  const std::function<RestartRunner()>& make_runner_;
  const FarmOptions& options_;
  const std::atomic<bool>& stop_;
  const FarmCallbacks& callbacks_;
  const std::string host_;
  const std::uint64_t workers_;
  const double chunk_seconds_;

  std::atomic<bool> given_up_ = false;  // written under mutex_, read anywhere
  std::atomic<int> busy_ = 0;           // workers that have not finished

  std::mutex mutex_;
  std::condition_variable news_;  // wakes workers that wait for an id
  // Under mutex_:
  IdQueue queue_;                    // rank 0 only
  std::deque<std::uint64_t> stock_;  // ids of this rank that have not started
  std::uint64_t idle_ = 0;           // workers that wait for an id
  bool none_left_ = false;           // rank 0 has no more ids
  std::vector<RestartRecord> done_;
  std::vector<RestartCheckpoint> saved_;
  std::map<std::uint64_t, RestartCheckpoint> resume_;  // restarts to continue
  double work_seconds_ = 0.0;                          // of the work_count_ restarts finished here
  int work_count_ = 0;
  std::string failure_;  // first error of this rank

  // Used by the calling thread only:
  double last_service_ = 0.0, last_own_ = coarse_seconds(), last_passed_ = last_own_;
  double served_cpu_seconds_ = 0.0;
  bool asked_ = false;     // a request is pending
  bool ask_early_ = true;  // plenty are left: ask before the stock is empty
  double hurry_until_ = fine_seconds() + hurry_seconds;  // polls often until then
  bool halted_others_ = false;
  bool over_ = false;
  int senders_ = 0, senders_done_ = 0;
  std::vector<FinishedRestart> written_;  // not yet reported to rank 0
  std::uint64_t finished_ = 0;            // rank 0
};

}  // namespace

std::uint64_t run_farm(MPI_Comm comm, const std::function<RestartRunner()>& make_runner,
                       const FarmOptions& options, const std::atomic<bool>& stop,
                       const FarmCallbacks& callbacks) {
  return Farm(comm, make_runner, options, stop, callbacks).run();
}

}  // namespace qhn
