namespace Amalgam.Core.Allocation.Laws;

/// <summary>
/// L4, L4b and L10 for a waiting gang that may sit on several classes: on each class the largest part of it that could begin there is
/// counted, and together they may not be the whole gang.
/// </summary>
internal sealed class MixedLaws(CheckedState state, WorkloadState workload, FreeDevices free)
{
    private readonly int _members = CheckedState.Least(workload);
    private readonly string[] _chips = [.. state.Chips.Where(chip => WaitingLaws.IsOpenTo(state, workload, chip))];

    public void Check(bool gathering, List<LawViolation> found)
    {
        if (!gathering && Together((chip, members) => WaitingLaws.MayHold(state, workload, chip, members) && free.Fits(workload, chip, members)))
        {
            found.Add(new(Law.L10, $"{workload.Name} waits although {_members} of its members fit on idle devices of {string.Join(" and ", _chips)}"));
            return;
        }

        if (workload.DevicesMilli == 0)
        {
            return;
        }

        if (IsServed(guarantee: true))
        {
            found.Add(new(Law.L4, $"{workload.Name} waits within the guarantee of its unit while borrowed devices of {string.Join(" and ", _chips)} would serve it"));
        }
        else if (!gathering && IsServed(guarantee: false))
        {
            found.Add(new(Law.L4b, $"{workload.Name} waits within the target of its unit while devices of {string.Join(" and ", _chips)} above others' targets would serve it"));
        }
    }

    // Where what is idle within its rights is enough, nobody has to give way.
    private bool IsServed(bool guarantee) =>
        Together((chip, members) => Part(chip, members).MayTakeIdle(guarantee) || Part(chip, members).MayTakeFromOthers(guarantee)) &&
        !Together((chip, members) => Part(chip, members).MayTakeIdle(guarantee));

    private ClaimLaws Part(string chip, int members) => new(state, workload, chip, members, free);

    private bool Together(Func<string, int, bool> may)
    {
        var members = 0;
        foreach (var chip in _chips)
        {
            var part = _members;
            while (part > 0 && !may(chip, part))
            {
                part--;
            }

            members += part;
        }

        return members >= _members;
    }
}
