#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace faultline {

/// First in, first out, in one piece of memory. Thousands of links have some of
/// these, mostly empty: then it has no memory at all, where a std::deque has
/// 600 bytes from the start, and it takes none for each few items later.
template <class T>
class Queue {
 public:
  using Iterator = typename std::vector<T>::iterator;

  bool empty() const { return head_ == items_.size(); }
  std::size_t size() const { return items_.size() - head_; }
  T& front() { return items_[head_]; }
  const T& front() const { return items_[head_]; }
  T& back() { return items_.back(); }
  const T& back() const { return items_.back(); }
  Iterator begin() { return items_.begin() + static_cast<std::ptrdiff_t>(head_); }
  Iterator end() { return items_.end(); }

  void push_back(T item) { items_.push_back(std::move(item)); }
  void insert(Iterator where, T item) { items_.insert(where, std::move(item)); }

  /// REQUIRES: not empty.
  T pop_front() {
    T item = std::move(items_[head_++]);
    if (empty()) {
      clear();
    } else if (head_ >= kMostDone && head_ >= items_.size() / 2) {
      items_.erase(items_.begin(), begin());
      head_ = 0;
    }
    return item;
  }

  /// A queue that was long gives its memory back.
  void clear() {
    if (items_.capacity() > kMostDone) {
      items_ = {};
    } else {
      items_.clear();
    }
    head_ = 0;
  }

 private:
  static constexpr std::size_t kMostDone = 32;

  std::vector<T> items_;  // Those before head_ have been popped.
  std::size_t head_ = 0;
};

}  // namespace faultline
