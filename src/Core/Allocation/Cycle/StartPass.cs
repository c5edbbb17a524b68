namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// One round over all units in their turn and their work in its order, trying each request in one way. A request that fails
/// blocks nobody behind it; equal ones are not tried again in the same pass.
/// </summary>
internal sealed class StartPass(PlanningState state, CycleTargets targets, KeyTable keys, long[] debts)
{
    private readonly PriorityQueue<Item, Item>?[] _queues = new PriorityQueue<Item, Item>?[state.Tree.Units.Count];
    private int _number;

    /// <param name="attempt">One way to grant a request.</param>
    /// <param name="hope">False where a shape, or the growth of one (true), cannot be granted in that way: it is left out.</param>
    /// <param name="leafHope">The same of everything that a leaf asks for.</param>
    /// <returns>How many requests were granted.</returns>
    public int Run(Func<Request, bool> attempt, Func<Shape, bool, bool> hope, Func<int, bool> leafHope)
    {
        _number = state.NextPass();
        var granted = 0;
        var turn = new UnitQueue(state, targets, debts, Fill(hope, leafHope));
        while (turn.Next() is var leaf and >= 0)
        {
            var queue = _queues[leaf]!;
            if (queue.Count == 0)
            {
                turn.Remove(leaf);
                continue;
            }

            var item = queue.Dequeue();
            var request = new Request(item.Entry);
            if (!StillAsks(item) || (!request.IsGrowth && request.Shape.FailedPass == _number))
            {
                continue;
            }

            if (attempt(request))
            {
                granted++;
                Follow(queue, item);
                turn.Reorder(leaf);
            }
            else if (!request.IsGrowth)
            {
                request.Shape.FailedPass = _number;
            }
        }

        return granted;
    }

    private List<int> Fill(Func<Shape, bool, bool> hope, Func<int, bool> leafHope)
    {
        var leaves = new List<int>();
        for (var leaf = 0; leaf < _queues.Length; leaf++)
        {
            if ((state.WaitingIn(leaf) == 0 && state.GrowingIn[leaf].Count == 0) || !leafHope(leaf))
            {
                continue;
            }

            var queue = _queues[leaf] ??= new PriorityQueue<Item, Item>(Item.Order);
            queue.Clear();
            foreach (var row in state.Rows[leaf])
            {
                if (row.Waiting > 0 && row.Shape.IsDemand && hope(row.Shape, false) && row.Head() is { } head)
                {
                    Enqueue(queue, head, row);
                }
            }

            foreach (var entry in state.GrowingIn[leaf])
            {
                if (hope(entry.Shape, true))
                {
                    Grow(queue, entry);
                }
            }

            if (queue.Count > 0)
            {
                leaves.Add(leaf);
            }
        }

        return leaves;
    }

    private void Follow(PriorityQueue<Item, Item> queue, Item item)
    {
        if (item.Row?.Head() is { } next)
        {
            Enqueue(queue, next, item.Row);
        }

        Grow(queue, item.Entry);
    }

    private void Grow(PriorityQueue<Item, Item> queue, Entry entry)
    {
        if (entry.Running && entry.Members.Count < entry.Shape.Members && !entry.Workload.Held)
        {
            Enqueue(queue, entry, null);
        }
    }

    private void Enqueue(PriorityQueue<Item, Item> queue, Entry entry, Row? row)
    {
        var item = new Item(entry, row, row is null && !entry.Shape.IsService, keys.Of(entry));
        queue.Enqueue(item, item);
    }

    private static bool StillAsks(in Item item) => item.Row is null
        ? item.Entry.Running && item.Entry.Members.Count < item.Entry.Shape.Members
        : item.Entry.Waiting;

    /// <param name="Surplus">Members beyond what an elastic gang needs come after all that waits at the same priority.</param>
    private readonly record struct Item(Entry Entry, Row? Row, bool Surplus, long Key)
    {
        public static Comparer<Item> Order { get; } = Comparer<Item>.Create(Compare);

        private static int Compare(Item a, Item b)
        {
            if (a.Entry.Shape.Priority != b.Entry.Shape.Priority)
            {
                return b.Entry.Shape.Priority.CompareTo(a.Entry.Shape.Priority);
            }

            if (a.Surplus != b.Surplus)
            {
                return a.Surplus.CompareTo(b.Surplus);
            }

            if (a.Key != b.Key)
            {
                return a.Key.CompareTo(b.Key);
            }

            var bySubmission = a.Entry.Workload.SubmittedMs.CompareTo(b.Entry.Workload.SubmittedMs);
            return bySubmission != 0 ? bySubmission : a.Entry.Index.CompareTo(b.Entry.Index);
        }
    }
}
