"""The judge of order: from the simulator's call log alone, without a word of ours.

A member of step N+1 may be named in StartInstances, StopInstances or SendCommand only after every member of step N has reached
its state, or stood aside for a cause that the scenario itself put there.
"""

TOUCHING = {"StartInstances", "StopInstances", "SendCommand"}


def touched(calls):
    """(seq, operation, id) of every call that touches an instance, in order, whether it succeeded or not."""
    return [
        (line["seq"], line["operation"], instance)
        for line in calls
        if line["kind"] == "call" and line["operation"] in TOUCHING
        for instance in line["ids"]
    ]


def reached(calls, instance, state, after=0):
    """The seq at which the instance reached the state, None if it never did after `after`."""
    for line in calls:
        if line["kind"] == "state" and line["id"] == instance and line["to"] == state and line["seq"] > after:
            return line["seq"]
    return None


def violations(calls, steps, state, aside=(), already=()):
    """Every touch that came too early. `steps`: lists of ids in order; `aside`: ids that the scenario keeps from being changed;
    `already`: ids that were in the state from the beginning."""
    found = []
    for n, step in enumerate(steps[1:], start=1):
        before = [i for earlier in steps[:n] for i in earlier if i not in aside and i not in already]
        done = {i: reached(calls, i, state) for i in before}
        for seq, operation, instance in touched(calls):
            if instance not in step:
                continue
            for i, at in done.items():
                if at is None or at > seq:
                    found.append(f"seq {seq}: {operation} named {instance} (step {n}) before {i} was {state} (seq {at})")
    return found
