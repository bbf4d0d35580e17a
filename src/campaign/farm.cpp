#include "campaign/farm.hpp"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "campaign/farm_mail.hpp"
#include "campaign/farm_records.hpp"
#include "campaign/farm_restarts.hpp"
#include "comm/processors.hpp"
#include "core/chunks.hpp"
#include "core/clock.hpp"

namespace qhn {
namespace {

using namespace std::chrono_literals;

constexpr double least_chunk = 0.2;        // seconds of work in one request for ids
constexpr double chunk_per_rank = 5e-4;    // more with many ranks: rank 0 answers 2000/s
constexpr double service_interval = 0.02;  // between two polls of messages, 30 us each
constexpr double hurry_interval = 1e-3;    // the same while a worker waits for ids ...
constexpr double hurry_seconds = 0.02;     // ... and for this long afterwards

double coarse_seconds() { return read_clock(CLOCK_MONOTONIC_COARSE); }
double fine_seconds() { return read_clock(CLOCK_MONOTONIC); }
double thread_cpu_seconds() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

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
        restarts_(make_queue(), is_root() ? options.checkpoints : Checkpoints{}, options.workers,
                  std::max(least_chunk, chunk_per_rank * mail_.comm().size())),
        records_(mail_, restarts_, options, callbacks) {}

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
            restarts_.fail("OpenMP started " + std::to_string(busy_) + " of the " +
                           std::to_string(options_.workers) + " requested threads");
        }
        work(omp_get_thread_num() == 0);
      }
    }
    return finish();
  }

 private:
  using Checkpoints = std::map<std::uint64_t, RestartCheckpoint>;  // by id

  bool is_root() const { return mail_.comm().rank() == 0; }

  // On rank 0. Collective: counts the workers of all ranks.
  std::optional<IdQueue> make_queue() const {
    const auto mine = static_cast<std::uint64_t>(options_.workers);
    std::uint64_t all = 0;
    MPI_Allreduce(&mine, &all, 1, MPI_UINT64_T, MPI_SUM, mail_.comm());
    if (!is_root()) return std::nullopt;
    return IdQueue(options_.ids, all);
  }

  // --- any thread ---

  // One worker. `caller`: the thread that may use MPI; it serves until all workers are done.
  void work(bool caller) noexcept {
    guarded([&] {
      const RestartRunner run = make_runner_();
      const std::function<void()> poll = [this, caller] {
        if (caller) serve(coarse_seconds());
        if (restarts_.given_up()) throw Abandoned{};
      };
      const ChunkPoll polled(options_.poll_inside ? &poll : nullptr);
      const std::function<void()> meanwhile =
          caller ? [this] { serve_or_sleep(); } : std::function<void()>();
      // Between restarts too: short ones end before their first poll.
      const auto next = [&] {
        if (caller) serve(coarse_seconds());
        return restarts_.next(meanwhile);
      };
      while (const auto start = next())
        if (!run_one(run, *start, caller)) break;
    });
    --busy_;
    while (caller && busy_ > 0) serve_or_sleep();
  }

  // Runs a restart. False: given up.
  bool run_one(const RestartRunner& run, const SharedRestarts::Start& restart, bool caller) {
    const double start = fine_seconds();
    const double cpu_start = working_cpu_seconds(caller);
    const RestartCheckpoint before = restart.resume.value_or(RestartCheckpoint{});
    double saved = coarse_seconds();
    RestartHooks hooks;
    hooks.resume = restart.resume ? &*restart.resume : nullptr;
    hooks.next = [&, this] {
      const double now = coarse_seconds();
      if (caller) serve(now);
      if (restarts_.given_up()) return RestartHooks::Order::give_up;
      if (now - saved < options_.checkpoint_seconds) return RestartHooks::Order::go_on;
      saved = now;
      return RestartHooks::Order::save;
    };
    hooks.save = [&, this](RestartCheckpoint&& checkpoint) {
      checkpoint.seconds = before.seconds + fine_seconds() - start;
      checkpoint.cpu_seconds = before.cpu_seconds + working_cpu_seconds(caller) - cpu_start;
      restarts_.save(std::move(checkpoint));
    };
    auto result = run(restart.id, hooks);
    if (!result) {
      restarts_.give_up();  // needed if another rank of the group received the signal
      return false;
    }
    RestartRecord record{std::move(*result), {}};
    record.cost.seconds = before.seconds + fine_seconds() - start;
    record.cost.cpu_seconds = before.cpu_seconds + working_cpu_seconds(caller) - cpu_start;
    record.cost.host = host_;
    restarts_.finish(std::move(record));
    return true;
  }

  // CPU seconds of this thread, without those of serve(), which are not a cost of restarts.
  double working_cpu_seconds(bool caller) const {
    return thread_cpu_seconds() - (caller ? served_cpu_seconds_ : 0.0);
  }

  template <class Work>
  void guarded(const Work& work) noexcept {
    try {
      work();
    } catch (const std::exception& error) {
      restarts_.fail(error.what());
    } catch (...) {
      restarts_.fail("unknown exception");
    }
  }

  // --- the calling thread only ---

  // Handles messages and callbacks. Called at every iteration; returns at once before the interval
  // has passed, which is shorter if a worker has recently waited for ids.
  void serve(double now) noexcept {
    const bool hurries = now < hurry_until_;
    if (hurries) now = fine_seconds();
    if (now - last_service_ < (hurries ? hurry_interval : service_interval)) return;
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
      if (stop_ && !restarts_.given_up()) restarts_.give_up();
      while (const auto message = mail_.receive()) open(*message);
      if (restarts_.given_up()) halt_others();
      if (const auto request = restarts_.request()) {
        if (request->idle > 0) hurry(fine_seconds());
        mail_.send(0, MailKind::request, *request);
      }
      // Poll often near the end: the others take the work of a rank that waits for an answer.
      if (is_root() && restarts_.ids_end_soon()) hurry(now);
      if (is_root() && callbacks_.tick && !restarts_.given_up()) callbacks_.tick();
      records_.serve(now);
    });
  }

  void hurry(double now) { hurry_until_ = now + hurry_seconds; }

  void open(const Mail::Message& message) {
    switch (message.kind) {
      case MailKind::request: {
        SharedRestarts::Request request;
        message.read(request);
        if (request.idle > 0) hurry(fine_seconds());
        const SharedRestarts::Grant grant = restarts_.answer(request);
        mail_.send(message.from, MailKind::grant, grant.ids, grant.left, grant.plenty, grant.begun);
        break;
      }
      case MailKind::grant: {
        SharedRestarts::Grant grant;
        message.read(grant.ids, grant.left, grant.plenty, grant.begun);
        restarts_.accept(grant);
        break;
      }
      case MailKind::records:
      case MailKind::written:
      case MailKind::last:
        records_.open(message);
        break;
      case MailKind::halt:
        restarts_.give_up();
        break;
      case MailKind::over:
        over_ = true;
        break;
    }
  }

  void send_to_others(MailKind kind) {
    for (int rank = 1; rank < mail_.comm().size(); ++rank) mail_.send(rank, kind);
  }

  // Once: rank 0 sends `halt` to all ranks; other ranks send it towards rank 0.
  void halt_others() {
    if (std::exchange(halted_others_, true)) return;
    if (is_root())
      send_to_others(MailKind::halt);
    else
      mail_.send(records_.receiver(), MailKind::halt);
  }

  // The workers of this rank are done: waits for all ranks that send records here.
  std::uint64_t finish() {
    guarded([&] { records_.pass_on(); });
    while (!records_.complete() || restarts_.awaits_grant()) serve_or_sleep();
    guarded([&] { records_.report(); });
    if (restarts_.given_up()) halt_others();
    if (is_root()) {
      send_to_others(MailKind::over);
    } else {
      mail_.send(records_.receiver(), MailKind::last);
      while (!over_) serve_or_sleep();
    }
    throw_agreed(mail_.comm(), restarts_.failure(), options_.called);
    std::uint64_t finished = records_.finished();
    mail_.comm().broadcast(finished);
    return finished;
  }

  Mail mail_;
  const std::function<RestartRunner()>& make_runner_;
  const FarmOptions& options_;
  const std::atomic<bool>& stop_;
  const FarmCallbacks& callbacks_;
  const std::string host_;
  SharedRestarts restarts_;
  std::atomic<int> busy_ = 0;  // workers that have not finished

  // Used by the calling thread only:
  RecordRoute records_;
  double last_service_ = 0.0;
  double served_cpu_seconds_ = 0.0;
  double hurry_until_ = fine_seconds() + hurry_seconds;  // polls often until then
  bool halted_others_ = false;
  bool over_ = false;
};

}  // namespace

std::uint64_t run_farm(MPI_Comm comm, const std::function<RestartRunner()>& make_runner,
                       const FarmOptions& options, const std::atomic<bool>& stop,
                       const FarmCallbacks& callbacks) {
  return Farm(comm, make_runner, options, stop, callbacks).run();
}

}  // namespace qhn
