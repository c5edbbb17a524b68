namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// The tree as budgets. Every unit's money is its share of its parent's; a leaf's money is its weight in the programme. A member that
/// has all it wants spends less than its money, and the family would lose the rest: so the weights of the other members are
/// scaled until the family spends its own. Handing each family a bundle of devices instead is not efficient with several classes.
/// </summary>
internal sealed class FamilyBudgets
{
    private const double Tolerance = 0.002;
    private const double Satisfied = 0.999;

    private readonly UnitTree _tree;
    private readonly LeafDemand[] _leaves;
    private readonly double[] _money;
    private readonly double[] _scale;
    private readonly bool[] _competes;

    public FamilyBudgets(UnitTree tree, LeafDemand[] leaves)
    {
        (_tree, _leaves) = (tree, leaves);
        _money = new double[tree.Children.Length];
        _scale = [.. Enumerable.Repeat(1.0, _money.Length)];
        _competes = new bool[_money.Length];
        var active = new bool[_money.Length];
        foreach (var leaf in leaves)
        {
            for (var u = leaf.Unit; u >= 0; u = tree.Problem.Units[u].Parent)
            {
                active[u] = true;
            }
        }
        Split(tree.Roots, 1, false, active);
        for (var u = 0; u < _money.Length; u++)
        {
            Split(tree.Children[u], _money[u], _competes[u], active);
        }
    }

    public double Weight(int leaf)
    {
        var weight = _money[_leaves[leaf].Unit];
        for (var u = _leaves[leaf].Unit; u >= 0; u = _tree.Problem.Units[u].Parent)
        {
            weight *= _scale[u];
        }
        return weight;
    }

    public int RoundLimit(double accuracy) => !_leaves.Any(l => IsInFamily(l.Unit)) ? 0 : accuracy < 1e-7 ? 40 : accuracy < 1e-5 ? 12 : 5;

    private bool IsInFamily(int unit) => _tree.Problem.Units[unit].Parent is var parent && parent >= 0 && _competes[parent];

    private void Split(List<int> siblings, double money, bool parentCompetes, bool[] active)
    {
        var contenders = siblings.FindAll(u => active[u]);
        var total = contenders.Sum(u => _tree.Problem.Units[u].Weight);
        foreach (var u in contenders)
        {
            var share = contenders.Count == 1 ? 1 : total > 0 ? _tree.Problem.Units[u].Weight / total : 0;
            _money[u] = money * share;
            _competes[u] = parentCompetes || contenders.Count > 1;
        }
    }

    /// <summary>Moves every family that still wants more towards spending its money; false when all are there.</summary>
    public bool Rescale(Market market, NashProgramme programme, NashPoint point)
    {
        var (spent, hungry) = Spending(market, programme, point);
        var changed = false;
        for (var u = 0; u < _money.Length; u++)
        {
            if (_tree.Children[u].Count == 0 || !_competes[u] || !hungry[u] || _money[u] <= 0)
            {
                continue;
            }
            var due = _money[u];
            for (var a = _tree.Problem.Units[u].Parent; a >= 0; a = _tree.Problem.Units[a].Parent)
            {
                due *= _scale[a];
            }
            var ratio = due / Math.Max(spent[u], 1e-6 * due);
            changed |= Math.Abs(ratio - 1) > Tolerance;
            _scale[u] = Math.Clamp(_scale[u] * Math.Clamp(ratio, 0.5, 2.0), 1e-3, 1e6);
        }
        return changed;
    }

    // What each family spends above what its members' guarantees are worth at the prices.
    private (double[] Spent, bool[] Hungry) Spending(Market market, NashProgramme programme, NashPoint point)
    {
        var spent = new double[_money.Length];
        var hungry = new bool[_money.Length];
        for (var i = 0; i < _leaves.Length; i++)
        {
            if (programme.Weight[i] <= 0)
            {
                continue;
            }
            var work = programme.Work(i, point.Devices);
            var above = Cost(programme, point, i) - AloneWorth(market, programme, point, i);
            for (var u = _leaves[i].Unit; u >= 0; u = _tree.Problem.Units[u].Parent)
            {
                spent[u] += above;
                hungry[u] |= work < Satisfied * market.Asked.MostWork(i);
            }
        }
        return (spent, hungry);
    }

    private static double Cost(NashProgramme programme, NashPoint point, int leaf)
    {
        double cost = 0;
        for (var at = programme.FirstRow[leaf] * programme.Classes; at < programme.FirstRow[leaf + 1] * programme.Classes; at++)
        {
            cost += point.Prices[at % programme.Classes] * point.Devices[at];
        }
        return cost;
    }

    private static double AloneWorth(Market market, NashProgramme programme, NashPoint point, int leaf)
    {
        double devices = 0;
        for (var k = 0; k < programme.Classes; k++)
        {
            devices += point.Prices[k] * market.Leaves[leaf].Alone.Devices[k];
        }
        return Math.Min(devices, point.Value[leaf] * programme.Alone[leaf]);
    }
}
