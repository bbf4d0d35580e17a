#include "campaign/farm_restarts.hpp"

#include <algorithm>
#include <utility>

#include "record/packing.hpp"

namespace qhn {
namespace {

constexpr double soon = 0.1;  // seconds before the ids run out, see ids_end_soon()

}  // namespace

SharedRestarts::SharedRestarts(std::optional<IdQueue> queue,
                               std::map<std::uint64_t, RestartCheckpoint> begun, int workers,
                               double chunk_seconds)
    : workers_(static_cast<std::uint64_t>(workers)),
      chunk_seconds_(chunk_seconds),
      queue_(std::move(queue)),
      begun_(std::move(begun)) {}

std::optional<SharedRestarts::Start> SharedRestarts::next(const std::function<void()>& meanwhile) {
  std::unique_lock lock(mutex_);
  while (!given_up_) {
    if (queue_) {
      const IdRange one = queue_->take(1, 1, 1);
      if (one.count == 0) break;
      return start(one.first);
    }
    if (!stock_.empty()) {
      const std::uint64_t id = stock_.front();
      stock_.pop_front();
      return start(id);
    }
    if (none_left_) break;
    ++idle_;
    if (meanwhile) {
      lock.unlock();
      meanwhile();
      lock.lock();
    } else {
      news_.wait(lock);
    }
    --idle_;
  }
  return std::nullopt;
}

SharedRestarts::Start SharedRestarts::start(std::uint64_t id) {
  const auto node = begun_.extract(id);
  if (node.empty()) return {id, std::nullopt};
  return {id, std::move(node.mapped())};
}

void SharedRestarts::finish(RestartRecord&& record) {
  const std::lock_guard lock(mutex_);
  work_seconds_ += record.cost.seconds;
  ++work_count_;
  results_.done.push_back(std::move(record));
}

void SharedRestarts::save(RestartCheckpoint&& checkpoint) {
  const std::lock_guard lock(mutex_);
  results_.saved.push_back(std::move(checkpoint));
}

SharedRestarts::Results SharedRestarts::take_results() {
  const std::lock_guard lock(mutex_);
  return std::exchange(results_, {});
}

void SharedRestarts::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  news_.notify_all();
}

void SharedRestarts::fail(const std::string& message) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_.empty()) failure_ = message;
  }
  give_up();
}

std::string SharedRestarts::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::optional<SharedRestarts::Request> SharedRestarts::request() {
  const std::lock_guard lock(mutex_);
  if (queue_ || asked_ || none_left_ || given_up_) return std::nullopt;
  const double mean = work_count_ == 0 ? chunk_seconds_ : work_seconds_ / work_count_;
  const auto wish =
      workers_ * static_cast<std::uint64_t>(std::clamp(chunk_seconds_ / mean, 1.0, 1e6));
  // While plenty are left, ask before the stock is empty: the answer may take milliseconds.
  const bool early = ask_early_ && stock_.size() < std::max(workers_, wish / 2);
  if (idle_ == 0 && !early) return std::nullopt;
  asked_ = true;
  return Request{idle_, wish, workers_, stock_.size()};
}

void SharedRestarts::accept(const Grant& grant) {
  const std::lock_guard lock(mutex_);
  asked_ = false;  // before anything can throw: a rank that ends waits while this is set
  for (std::uint64_t i = 0; i < grant.ids.count; ++i) stock_.push_back(grant.ids.first + i);
  for (const std::vector<std::byte>& bytes : grant.begun) {
    RestartCheckpoint checkpoint = unpack_checkpoint(bytes);
    begun_[checkpoint.id] = std::move(checkpoint);
  }
  ask_early_ = grant.plenty;
  none_left_ = grant.left == 0;
  news_.notify_all();
}

SharedRestarts::Grant SharedRestarts::answer(const Request& request) {
  const std::lock_guard lock(mutex_);
  Grant grant;
  if (!given_up_) {
    grant.ids = queue_->take(request.idle, request.wish, request.workers, request.stock);
    grant.left = queue_->left();
  }
  grant.plenty = queue_->plenty();
  for (auto it = begun_.lower_bound(grant.ids.first);
       it != begun_.end() && it->first < grant.ids.end(); it = begun_.erase(it))
    grant.begun.push_back(pack(it->second));
  return grant;
}

bool SharedRestarts::ids_end_soon() {
  const std::lock_guard lock(mutex_);
  return queue_->left() > 0 && work_count_ > 0 &&
         queue_->rounds_left() * work_seconds_ < soon * work_count_;
}

}  // namespace qhn
