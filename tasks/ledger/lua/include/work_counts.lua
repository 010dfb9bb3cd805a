-- Written by `python -m tests.lua_header` from tasks/ledger/work_counts.py, which says what the numbers are.
-- luacheck: push ignore 211 (nobody uses all of it)

-- Where a counter, or the first bucket of a histogram, lies in the first place (bits).
local REDELIVERED = 6336
local SUCCEEDED = 6912
local CANCELLED = 7488
local EXPIRED = 8064
local ROWS = 8640
local BUSY = 9216
local WAIT_SUM = 9792
local WAIT = 10368
local RUN_SUM = 20160
local RUN = 20736

-- `place_offset("kind:lane")`: where the counters of the place begin (bits).
local function place_offset(place)
  if place == 'init:high' then return 0 end
  if place == 'init:normal' then return 64 end
  if place == 'init:low' then return 128 end
  if place == 'train:high' then return 192 end
  if place == 'train:normal' then return 256 end
  if place == 'train:low' then return 320 end
  if place == 'estimate:high' then return 384 end
  if place == 'estimate:normal' then return 448 end
  if place == 'estimate:low' then return 512 end
end

-- Where the bucket of a time lies, from the first bucket (bits).
local function time_bucket(value)
  if value <= 0.005 then return 0 end
  if value <= 0.01 then return 576 end
  if value <= 0.025 then return 1152 end
  if value <= 0.05 then return 1728 end
  if value <= 0.1 then return 2304 end
  if value <= 0.25 then return 2880 end
  if value <= 0.5 then return 3456 end
  if value <= 1 then return 4032 end
  if value <= 2.5 then return 4608 end
  if value <= 5 then return 5184 end
  if value <= 10 then return 5760 end
  if value <= 30 then return 6336 end
  if value <= 120 then return 6912 end
  if value <= 600 then return 7488 end
  if value <= 1800 then return 8064 end
  if value <= 3600 then return 8640 end
  return 9216
end
-- luacheck: pop
