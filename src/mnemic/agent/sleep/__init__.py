"""Sleep: episodes → knowledge, in runs that resume after a kill and can be undone.

gist        how much each new episode surprises the fixed-size state of its scope  (../gist)
replay      NREM: what waits, the latest sessions first → claims, mentions, lessons,
            session summaries                                                      (replay.py)
reconcile   the groups of facts that new claims touch, computed anew   (regroup.py, groups.py)
interleave  REM: remote and recent together → places, topic summaries              (rooms.py)
fade        what is weak leaves the hot index, never the log                       (fade.py)
run         the order of all this, its budget, its report      (run.py, nrem.py, rem.py, work.py)
"""
