#include "record/claims.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "record/campaign_file.hpp"
#include "record/provenance.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

fs::path claims_folder(const std::string& folder) { return fs::path(folder) / "claims"; }

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Text of a file that others may have put there; empty if it is not a regular file of at most 64
/// KiB.
std::string claim_text(const fs::path& path) {
  constexpr off_t most = 1 << 16;
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return "";
  std::string text;
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= most) {
    text.resize(static_cast<std::size_t>(info.st_size));
    const ssize_t n = ::read(fd, text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  ::close(fd);
  return text;
}

std::string this_machine() {
  std::string boot = content_of("/proc/sys/kernel/random/boot_id");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  std::array<char, 64> space{};
  const ssize_t n = ::readlink("/proc/self/ns/pid", space.data(), space.size());
  if (boot.empty() || n <= 0) return "";
  return boot + " " + std::string(space.data(), static_cast<std::size_t>(n));
}

// Start of process `pid` of this machine, in clock ticks since boot; -1: no such process. Read from
// its first thread, since qemu invents /proc/PID/stat, differently for each thread.
std::int64_t start_of_process(std::int64_t pid) {
  const std::string stat = content_of(fmt::format("/proc/{0}/task/{0}/stat", pid));
  // The name in parentheses may hold anything; the start is the 20th field after it.
  std::size_t at = stat.rfind(')');
  if (at == std::string::npos) return -1;
  const char state = at + 2 < stat.size() ? stat[at + 2] : 'X';
  if (state == 'Z' || state == 'X') return -1;
  for (int field = 0; field < 20 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  return at == std::string::npos ? -1 : std::atoll(stat.c_str() + at);
}

// True for "123", and "123_4" of an array.
bool is_slurm_job(const std::string& job) {
  const auto bar = job.find('_');
  const auto is_number = [](const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  };
  return is_number(job.substr(0, bar)) &&
         (bar == std::string::npos || is_number(job.substr(bar + 1)));
}

// Queries Slurm if it is installed. A job counts as ended only if Slurm reports it.
bool slurm_job_ended(const std::string& job) {
  if (!is_slurm_job(job)) return false;  // `job` comes from a file and goes to a shell
  FILE* pipe = ::popen(
      ("command -v squeue >/dev/null && squeue -h -o %T -j " + job + " 2>&1 && echo answered")
          .c_str(),
      "r");
  if (pipe == nullptr) return false;
  std::string answer;
  std::array<char, 256> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) answer += buffer.data();
  ::pclose(pipe);
  return answer == "answered\n" || answer.find("Invalid job id") != std::string::npos;
}

bool has_ended(const ClaimHolder& holder) {
  const ClaimHolder me = this_process({});
  if (!holder.machine.empty() && holder.machine == me.machine)
    return start_of_process(holder.pid) != holder.pid_started;
  if (holder.job.empty()) return false;
  if (holder.job == me.job) return holder.job_restart != me.job_restart;  // requeued
  return slurm_job_ended(holder.job);
}

double modification_time(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return 0.0;
  return static_cast<double>(info.st_mtim.tv_sec) +
         1e-9 * static_cast<double>(info.st_mtim.tv_nsec);
}

double clock_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string to_json(const ClaimHolder& h) {
  return nlohmann::ordered_json{
             {"first", h.ids.first}, {"count", h.ids.count},         {"host", h.host},
             {"job", h.job},         {"started", h.started},         {"machine", h.machine},
             {"pid", h.pid},         {"pid_started", h.pid_started}, {"job_restart", h.job_restart}}
             .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         '\n';
}

// nullopt: not a claim, or none yet.
std::optional<ClaimHolder> read_claim(const fs::path& path) {
  const auto json = nlohmann::json::parse(claim_text(path), nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  try {
    for (const char* key : {"first", "count"})
      if (!json.at(key).is_number_unsigned() || json.at(key).get<std::uint64_t>() > most_restarts)
        return std::nullopt;
    return ClaimHolder{path.stem().string(),  {json.at("first"), json.at("count")},
                       json.at("host"),       json.at("job"),
                       json.at("started"),    json.at("machine"),
                       json.at("pid"),        json.at("pid_started"),
                       json.at("job_restart")};
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

ClaimHolder this_process(IdRange ids) {
  ClaimHolder me;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) me.host = host.data();
  me.ids = ids;
  me.started = utc_now();
  me.machine = this_machine();
  me.pid = ::getpid();
  me.pid_started = start_of_process(me.pid);
  const std::string array = environment("SLURM_ARRAY_JOB_ID");
  me.job = array.empty() ? environment("SLURM_JOB_ID")
                         : array + "_" + environment("SLURM_ARRAY_TASK_ID");
  me.job_restart = environment("SLURM_RESTART_COUNT");
  if (me.job.empty()) me.job = environment("PBS_JOBID");
  if (me.job.empty()) me.job = environment("LSB_JOBID");
  std::string start = me.started;
  std::erase_if(start, [](char c) { return c == '-' || c == ':'; });
  // The random part, since containers may share host name and pid.
  me.run = fmt::format("{}-{}-{}-{:08x}", start, me.host, me.pid, std::random_device{}());
  return me;
}

std::string describe(const ClaimHolder& holder) {
  return fmt::format("restarts {} to {}, host {}, {}, since {}", holder.ids.first,
                     holder.ids.end() - (holder.ids.count > 0 ? 1 : 0), holder.host,
                     holder.job.empty() ? "no job" : "job " + holder.job, holder.started);
}

std::vector<ClaimState> list_claims(const std::string& folder, double stale_seconds, double now) {
  if (now == 0.0) now = clock_time();
  std::vector<ClaimState> claims;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(claims_folder(folder), error)) {
    if (entry.path().extension() != ".claim") continue;
    const auto holder = read_claim(entry.path());
    const double modified = modification_time(entry.path());
    if (!holder || modified == 0.0) continue;
    ClaimState state{*holder, now - modified, false};
    state.live = state.age < stale_seconds && !has_ended(*holder);
    claims.push_back(state);
  }
  std::sort(claims.begin(), claims.end(),
            [](const auto& a, const auto& b) { return a.holder.run < b.holder.run; });
  return claims;
}

std::function<bool(const std::string& run)> liveness(std::vector<ClaimState> claims) {
  return [claims = std::move(claims)](const std::string& run) {
    return std::any_of(claims.begin(), claims.end(),
                       [&](const ClaimState& c) { return c.live && c.holder.run == run; });
  };
}

Claim::Claim(const std::string& folder, const ClaimHolder& self, double stale_seconds,
             const std::function<void(const ClaimState&)>& takeover,
             const std::function<void(const ClaimState&)>& wait)
    : folder_(folder),
      self_(self),
      stale_seconds_(stale_seconds),
      path_((claims_folder(folder) / (self.run + ".claim")).string()),
      held_path_((claims_folder(folder) / (self.run + ".held")).string()) {
  std::error_code error;
  fs::create_directories(claims_folder(folder), error);
  write();
  heart_ = std::thread([this] { beat(); });
  try {
    while (const auto other = try_to_hold(takeover)) {
      if (wait) wait(*other);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  } catch (...) {
    release();
    throw;
  }
}

Claim::~Claim() { release(); }

void Claim::release() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  heart_.join();
  if (lost_) return;
  ::unlink(held_path_.c_str());
  ::unlink(path_.c_str());
}

void Claim::write() { write_atomically(path_, to_json(self_)); }

// The run to wait for; nullopt: this run now holds its range.
std::optional<ClaimState> Claim::try_to_hold(
    const std::function<void(const ClaimState&)>& takeover) {
  for (const ClaimState& other : list_claims(folder_, stale_seconds_, touch())) {
    const ClaimHolder& holder = other.holder;
    if (holder.run == self_.run || !holder.ids.overlaps(self_.ids)) continue;
    const fs::path held = claims_folder(folder_) / (holder.run + ".held");
    if (!other.live) {
      takeover(other);
      fs::path claim = held;
      ::unlink(held.c_str());
      ::unlink(claim.replace_extension(".claim").c_str());
    } else if (fs::exists(held)) {
      throw InputError(
          fmt::format("{}: another run works on it: {}; allowed: other restarts (--ids), or wait "
                      "for its end",
                      folder_, describe(holder)));
    } else {
      if (holder.run < self_.run) {
        ::unlink(path_.c_str());  // step back
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        write();
      }
      return other;
    }
  }
  write_atomically(held_path_, std::string());
  held_ = true;
  return std::nullopt;
}

// Writes the heartbeat; returns the file system's time, 0 if the claim is gone.
double Claim::touch() {
  if (::utimensat(AT_FDCWD, path_.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
    return 0.0;
  return modification_time(path_);
}

void Claim::beat() {
  const std::chrono::duration<double> interval(std::min(5.0, stale_seconds_ / 6));
  std::unique_lock lock(mutex_);
  while (!ending_) {
    wake_.wait_for(lock, interval);
    // Before it is held, a claim may be missing because it steps back.
    if (!ending_ && touch() == 0.0 && held_) lost_ = true;
  }
}

void Claim::check() const {
  if (lost_)
    throw RunError(
        fmt::format("{}: another run took over the restarts of this one: heartbeat lost for {:g} s",
                    folder_, stale_seconds_));
}

}  // namespace qhn
