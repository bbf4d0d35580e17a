#include "farm/farm.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/chunks.hpp"
#include "core/error.hpp"
#include "farm/agree.hpp"
#include "farm/id_queue.hpp"
#include "record/packing.hpp"

namespace qhn {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr double chunk_seconds = 0.2;      // work that a rank asks for at once
constexpr auto record_interval = 1s;       // between two messages with records
constexpr auto own_interval = 10ms;        // between two lots of rank 0's own records
constexpr auto service_interval = 100us;   // between two looks at the messages
constexpr std::size_t batch_limit = 4096;  // records in a message
constexpr Index long_table = 1 << 16;      // from here on an evaluation can be abandoned

// What a message is, as its MPI tag.
enum Tag : int {
  request,   // to rank 0: {idle workers, ids wished for, workers}
  records,   // to rank 0: pack()ed
  progress,  // to rank 0: a pack()ed checkpoint; from rank 0, before its grant: where to go on
  last,      // to rank 0, the rank's last: {it gave up}
  grant,     // from rank 0, answers a request: {first id, count, how many are left, plenty are}
  halt,      // from rank 0: give up what you are doing
  over,      // from rank 0, the last to each rank
};
using Numbers = std::array<std::uint64_t, 4>;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Good to some milliseconds, but read in a few nanoseconds: for what is asked at every iteration.
double coarse_seconds() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

std::string host_name() {
  char name[MPI_MAX_PROCESSOR_NAME];
  int length = 0;
  MPI_Get_processor_name(name, &length);
  return {name, static_cast<std::size_t>(length)};
}

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
  void send(int to, Tag tag, const Numbers& numbers = {}) {
    const auto bytes = std::as_bytes(std::span(numbers));
    send(to, tag, std::vector<std::byte>(bytes.begin(), bytes.end()));
  }

  struct Message {
    int from;
    Tag tag;
    std::vector<std::byte> bytes;
    Numbers numbers() const {
      Numbers n{};
      std::copy_n(bytes.begin(), sizeof n, std::as_writable_bytes(std::span(n)).begin());
      return n;
    }
  };
  std::optional<Message> receive() {
    int there = 0, length = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_, &there, &status);
    if (!there) return std::nullopt;
    MPI_Get_count(&status, MPI_BYTE, &length);
    Message message{status.MPI_SOURCE, static_cast<Tag>(status.MPI_TAG), {}};
    message.bytes.resize(static_cast<std::size_t>(length));
    MPI_Recv(message.bytes.data(), length, MPI_BYTE, message.from, message.tag, comm_,
             MPI_STATUS_IGNORE);
    return message;
  }

 private:
  struct Sent {
    std::vector<std::byte> bytes;
    MPI_Request request;
  };
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  std::list<Sent> sent_;
};

class Farm {
 public:
  Farm(MPI_Comm comm, const std::function<std::unique_ptr<Engine>()>& make_engine,
       std::span<const double> costs, double minimum, const FarmOptions& options,
       const std::atomic<bool>& stop, const FarmCallbacks& callbacks)
      : mail_(comm),
        make_engine_(make_engine),
        costs_(costs),
        minimum_(minimum),
        options_(options),
        stop_(stop),
        callbacks_(callbacks),
        host_(host_name()),
        workers_(static_cast<std::uint64_t>(options.workers)),
        queue_(options.ids, count_workers()) {
    if (is_root()) resume_ = options.checkpoints;
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
            fail("OpenMP gives " + std::to_string(busy_) + " of the " +
                 std::to_string(options_.workers) + " threads asked for");
        }
        work(omp_get_thread_num() == 0);
      }
    }
    return finish();
  }

 private:
  bool is_root() const { return mail_.rank() == 0; }

  std::uint64_t count_workers() const {
    std::uint64_t all = 0;
    MPI_Allreduce(&workers_, &all, 1, MPI_UINT64_T, MPI_SUM, mail_.comm());
    return all;
  }

  // --- any thread ---

  // One worker. `caller` is the thread that may use MPI: it stays until the others are done.
  void work(bool caller) noexcept {
    guarded([&] {
      const std::unique_ptr<Engine> engine = make_engine_();
      const std::function<void()> poll = [this, caller] {
        if (caller) serve();
        if (given_up_) throw Abandoned{};
      };
      const ChunkPoll polled(costs_.size() >= long_table ? &poll : nullptr);
      while (const auto id = next_id(caller)) {
        const Clock::time_point start = Clock::now();
        const double cpu_start = thread_cpu_seconds();
        const std::optional<RestartCheckpoint> resume = take_checkpoint(*id);
        const RestartCheckpoint before = resume.value_or(RestartCheckpoint{});
        double saved = coarse_seconds();
        RestartHooks hooks;
        hooks.resume = resume ? &*resume : nullptr;
        hooks.next = [&, this] {
          if (caller) serve();
          if (given_up_) return RestartHooks::Order::give_up;
          const double now = coarse_seconds();
          if (now - saved < options_.checkpoint_seconds) return RestartHooks::Order::go_on;
          saved = now;
          return RestartHooks::Order::save;
        };
        hooks.save = [&, this](RestartCheckpoint&& checkpoint) {
          checkpoint.seconds = before.seconds + seconds_since(start);
          checkpoint.cpu_seconds = before.cpu_seconds + thread_cpu_seconds() - cpu_start;
          const std::lock_guard lock(mutex_);
          saved_.push_back(std::move(checkpoint));
        };
        auto result = run_restart(*engine, costs_, minimum_, options_.restart, *id, hooks);
        if (!result) break;
        RestartRecord record{std::move(*result), {}};
        record.cost.seconds = before.seconds + seconds_since(start);
        record.cost.cpu_seconds = before.cpu_seconds + thread_cpu_seconds() - cpu_start;
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

  // The next restart of this worker; nullopt: there is none.
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

  void serve_or_sleep() {
    serve();
    std::this_thread::sleep_for(50us);
  }

  // Everything that goes on beside the restarts; called often, works seldom.
  void serve() noexcept {
    const Clock::time_point now = Clock::now();
    if (now - last_service_ < service_interval) return;
    last_service_ = now;
    guarded([&] {
      if (stop_ && !given_up_) give_up();
      while (const auto message = mail_.receive()) open(*message);
      if (is_root()) {
        if (given_up_) halt_others();
        if (callbacks_.tick && !given_up_) callbacks_.tick();
      } else {
        ask_for_ids();
      }
      if (now - last_records_ >= (is_root() ? Clock::duration(own_interval) : record_interval)) {
        last_records_ = now;
        pass_records_on();
      }
    });
  }

  void open(const Mail::Message& message) {
    switch (message.tag) {
      case request: {
        const auto [idle, wish, workers, unused] = message.numbers();
        const std::lock_guard lock(mutex_);
        const IdRange ids = given_up_ ? IdRange{} : queue_.take(idle, wish, workers);
        for (auto it = resume_.lower_bound(ids.first); it != resume_.end() && it->first < ids.end();
             it = resume_.erase(it))
          mail_.send(message.from, progress, pack(it->second));
        mail_.send(message.from, grant,
                   {ids.first, ids.count, given_up_ ? 0 : queue_.left(), queue_.plenty()});
        break;
      }
      case records:
        deliver(unpack(message.bytes));
        break;
      case progress: {
        RestartCheckpoint checkpoint = unpack_checkpoint(message.bytes);
        if (is_root()) {
          deliver(std::move(checkpoint));
        } else {
          const std::lock_guard lock(mutex_);
          resume_[checkpoint.id] = std::move(checkpoint);
        }
        break;
      }
      case last:
        ++finished_ranks_;
        if (message.numbers()[0] != 0) give_up();
        break;
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
      case halt:
        give_up();
        break;
      case over:
        over_ = true;
        break;
    }
  }

  void ask_for_ids() {
    const std::lock_guard lock(mutex_);
    if (asked_ || none_left_ || given_up_) return;
    if (idle_ == 0 && !(ask_early_ && stock_.size() < workers_)) return;
    const double mean = work_count_ == 0 ? chunk_seconds : work_seconds_ / work_count_;
    const auto each = static_cast<std::uint64_t>(std::clamp(chunk_seconds / mean, 1.0, 1e6));
    mail_.send(0, request, {idle_, workers_ * each, workers_});
    asked_ = true;
  }

  void halt_others() {
    if (std::exchange(halted_others_, true)) return;
    for (int rank = 1; rank < mail_.size(); ++rank) mail_.send(rank, halt);
  }

  void pass_records_on() {
    std::vector<RestartRecord> done;
    std::vector<RestartCheckpoint> saved;
    {
      const std::lock_guard lock(mutex_);
      done.swap(done_);
      saved.swap(saved_);
    }
    if (is_root()) {
      deliver(std::move(done));
      for (RestartCheckpoint& checkpoint : saved) deliver(std::move(checkpoint));
      return;
    }
    for (const RestartCheckpoint& checkpoint : saved) mail_.send(0, progress, pack(checkpoint));
    for (std::span<const RestartRecord> rest = done; !rest.empty();) {
      const std::size_t count = std::min(rest.size(), batch_limit);
      mail_.send(0, records, pack(rest.first(count)));
      rest = rest.subspan(count);
    }
  }

  void deliver(std::vector<RestartRecord>&& finished) {
    if (finished.empty() || !failure().empty()) return;  // perhaps the callback's own
    const std::uint64_t count = finished.size();
    callbacks_.records(std::move(finished));
    delivered_ += count;
  }
  void deliver(RestartCheckpoint&& checkpoint) {
    if (callbacks_.checkpoint && failure().empty()) callbacks_.checkpoint(std::move(checkpoint));
  }

  std::string failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  // The workers of this rank are done: wait for those of the others.
  std::uint64_t finish() {
    guarded([&] { pass_records_on(); });
    if (is_root()) {
      while (finished_ranks_ < mail_.size() - 1) serve_or_sleep();
      for (int rank = 1; rank < mail_.size(); ++rank) mail_.send(rank, over);
    } else {
      mail_.send(0, last, Numbers{given_up_});
      while (!over_) serve_or_sleep();
    }
    throw_agreed(mail_.comm(), failure_);
    MPI_Bcast(&delivered_, 1, MPI_UINT64_T, 0, mail_.comm());
    return delivered_;
  }

  Mail mail_;
  const std::function<std::unique_ptr<Engine>()>& make_engine_;
  const std::span<const double> costs_;
  const double minimum_;
  const FarmOptions& options_;
  const std::atomic<bool>& stop_;
  const FarmCallbacks& callbacks_;
  const std::string host_;
  const std::uint64_t workers_;

  std::atomic<bool> given_up_ = false;  // written under mutex_, read anywhere
  std::atomic<int> busy_ = 0;           // workers that have not finished

  std::mutex mutex_;
  std::condition_variable news_;  // for workers without an id
  // Under mutex_:
  IdQueue queue_;                    // rank 0 only
  std::deque<std::uint64_t> stock_;  // ids that this rank has and nobody runs
  std::uint64_t idle_ = 0;           // workers that wait for an id
  bool none_left_ = false;           // rank 0 has nothing more to give
  std::vector<RestartRecord> done_;
  std::vector<RestartCheckpoint> saved_;
  std::map<std::uint64_t, RestartCheckpoint> resume_;  // restarts that do not start anew
  double work_seconds_ = 0.0;                          // of the work_count_ restarts finished here
  int work_count_ = 0;
  std::string failure_;  // the first on this rank

  // Of the calling thread:
  Clock::time_point last_service_, last_records_ = Clock::now();
  bool asked_ = false;     // a request is on its way
  bool ask_early_ = true;  // plenty is left: ask before the stock is used up
  bool halted_others_ = false;
  bool over_ = false;
  int finished_ranks_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace

std::uint64_t run_farm(MPI_Comm comm, const std::function<std::unique_ptr<Engine>()>& make_engine,
                       std::span<const double> costs, double minimum, const FarmOptions& options,
                       const std::atomic<bool>& stop, const FarmCallbacks& callbacks) {
  return Farm(comm, make_engine, costs, minimum, options, stop, callbacks).run();
}

}  // namespace qhn
