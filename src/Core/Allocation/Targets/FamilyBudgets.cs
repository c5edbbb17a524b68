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
    private const double MostChange = 4;

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

    /// <summary>
    /// Weights such that every family that still wants more would spend its money at these prices: from the top down, a member that has all
    /// it wants spending no more than now. False when all families are there already.
    /// </summary>
    public bool Rescale(Market market, NashProgramme programme, NashPoint point)
    {
        var members = Members(market, programme, point);
        var rise = PriceRise(members);
        var due = (double[])_money.Clone();
        var changed = false;
        for (var u = 0; u < _money.Length; u++)
        {
            if (_tree.Problem.Units[u].Parent is var parent and >= 0)
            {
                due[u] *= Above(parent);
            }
        }

        for (var u = 0; u < _money.Length; u++)
        {
            if (_tree.Children[u].Count == 0 || !_competes[u] || _money[u] <= 0)
            {
                continue;
            }

            var ratio = due[u] / Math.Max(members[u].Spent, 1e-6 * due[u]);
            changed |= ratio < 1 - Tolerance || (members[u].Hungry && ratio > 1 + Tolerance);
            var parent = _tree.Problem.Units[u].Parent;
            var scale = Level(u, _money[u] * (parent < 0 ? 1 : Above(parent)), members, rise);
            _scale[u] = Math.Clamp(Math.Clamp(scale, _scale[u] / MostChange, _scale[u] * MostChange), 1e-3, 1e6);
        }
        return changed;
    }

    private double Above(int unit)
    {
        var scale = 1.0;
        for (var u = unit; u >= 0; u = _tree.Problem.Units[u].Parent)
        {
            scale *= _scale[u];
        }
        return scale;
    }

    // The stock stays what it is: when more money is spent on it prices rise, and with them what it takes to have all one wants.
    private double PriceRise(Member[] members)
    {
        var tops = Enumerable.Range(0, _money.Length).Where(u => _competes[u] && members[u].Most > 0 &&
            _tree.Problem.Units[u].Parent is var parent && (parent < 0 || !_competes[parent])).ToList();
        var worth = tops.Sum(u => members[u].Spent);
        var (low, high) = (1 / MostChange, MostChange);
        for (var halving = 0; halving < 50; halving++)
        {
            var middle = (low + high) / 2;
            (low, high) = tops.Sum(u => Math.Min(_money[u], middle * members[u].Most)) > middle * worth ? (middle, high) : (low, middle);
        }
        return (low + high) / 2;
    }

    // The scale at which the children together spend the money: each in proportion to its weight, none more than it has use for.
    private double Level(int family, double money, Member[] members, double rise)
    {
        var open = _tree.Children[family].FindAll(c => _money[c] > 0 && members[c].Most > 0);
        var (left, scale) = (money, _scale[family]);
        while (open.Count > 0)
        {
            var slope = open.Sum(c => money * (_money[c] / _money[family]) * members[c].Part);
            scale = Math.Max(0, left) / slope;
            var full = open.FindAll(c => money * (_money[c] / _money[family]) * members[c].Part * scale > rise * members[c].Most);
            if (full.Count == 0 || full.Count == open.Count)
            {
                break;
            }
            left -= full.Sum(c => rise * members[c].Most);
            open.RemoveAll(full.Contains);
        }
        return scale;
    }

    /// <param name="Spent">Above what its guarantees are worth at the prices.</param>
    /// <param name="Most">What it would spend if it had all it wants.</param>
    /// <param name="Part">What it spends of its weight; less than one where the time shares of its work bind.</param>
    private record struct Member(double Spent, double Most, double Part, bool Hungry);

    private Member[] Members(Market market, NashProgramme programme, NashPoint point)
    {
        var members = new Member[_money.Length];
        Array.Fill(members, new Member(0, 0, 1, false));
        for (var i = 0; i < _leaves.Length; i++)
        {
            if (programme.Weight[i] <= 0)
            {
                continue;
            }
            var worth = AloneWorth(market, programme, point, i);
            var spent = Cost(programme, point, i) - worth;
            var hungry = programme.Work(i, point.Devices) < Satisfied * market.Asked.MostWork(i);
            var most = hungry ? Math.Max(spent, CostOfAll(programme, point, i) - worth) : spent;
            members[_leaves[i].Unit].Part = hungry ? Math.Clamp(spent / programme.Weight[i], 0.01, 1) : 1;
            for (var u = _leaves[i].Unit; u >= 0; u = _tree.Problem.Units[u].Parent)
            {
                members[u].Spent += spent;
                members[u].Most += most;
                members[u].Hungry |= hungry;
            }
        }
        return members;
    }

    // Every row on the class where it is fastest, the cheapest of equals.
    private static double CostOfAll(NashProgramme programme, NashPoint point, int leaf)
    {
        double cost = 0;
        for (var row = programme.FirstRow[leaf]; row < programme.FirstRow[leaf + 1]; row++)
        {
            var (speed, price) = (0.0, 0.0);
            for (var c = 0; c < programme.Classes; c++)
            {
                var at = programme.Speed[(row * programme.Classes) + c];
                if (at > speed || (at == speed && point.Prices[c] < price))
                {
                    (speed, price) = (at, point.Prices[c]);
                }
            }
            cost += programme.Demand[row] * price;
        }
        return cost;
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
