"""The 22 queries of TPC-H, each as a chain of cells, as an analyst would build it up.

What several queries look at is one cell: sales with their revenue, late lines, nations with their region. Parameters
that the standard substitutes are inputs or constants, here with the values of its validation.

The module is long because it is one notebook: names are looked up in the module that a cell is written in.
`benchmarks.tpch_data.cells_over` runs it over the files of a folder.
"""

import datetime as dt
from decimal import Decimal

import panel as pn

import dataapp as da
from benchmarks.tpch_data import file_of
from dataapp.cells.cell import Cell

customer = da.source(file_of("customer"))
lineitem = da.source(file_of("lineitem"))
nation = da.source(file_of("nation"))
orders = da.source(file_of("orders"))
part = da.source(file_of("part"))
partsupp = da.source(file_of("partsupp"))
region = da.source(file_of("region"))
supplier = da.source(file_of("supplier"))

sales = da.sql("SELECT *, l_extendedprice * (1 - l_discount) AS revenue FROM lineitem")
late_lines = da.sql("FROM lineitem WHERE l_commitdate < l_receiptdate")
nations = da.sql("FROM nation JOIN region ON n_regionkey = r_regionkey")
suppliers = da.sql("FROM supplier JOIN nations ON s_nationkey = n_nationkey")
customers = da.sql("FROM customer JOIN nations ON c_nationkey = n_nationkey")

# 1: the sum of everything that was shipped up to some days before the end

days_before_end = da.input(pn.widgets.IntSlider, start=60, end=120, value=90)
shipped = da.sql("FROM sales WHERE l_shipdate <= DATE '1998-12-01' - CAST($days_before_end AS INTEGER)")
charged = da.sql("SELECT *, revenue * (1 + l_tax) AS charge FROM shipped")
pricing_summary = da.sql("""
    SELECT l_returnflag, l_linestatus,
           sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price,
           sum(revenue) AS sum_disc_price, sum(charge) AS sum_charge,
           avg(l_quantity) AS avg_qty, avg(l_extendedprice) AS avg_price, avg(l_discount) AS avg_disc,
           count(*) AS count_order
    FROM charged GROUP BY ALL ORDER BY l_returnflag, l_linestatus
""")

# 2: who in a region offers a kind of part at the region's lowest price

part_size = da.input(pn.widgets.IntSlider, start=1, end=50, value=15)
metal = da.input(pn.widgets.Select, options=["TIN", "NICKEL", "BRASS", "STEEL", "COPPER"], value="BRASS")
sized_parts = da.sql("FROM part WHERE p_size = $part_size AND p_type LIKE '%' || $metal")
regional_offers = da.sql(
    "FROM partsupp JOIN suppliers ON ps_suppkey = s_suppkey WHERE r_name = $offering_region", offering_region="EUROPE"
)
offers = da.sql("FROM regional_offers JOIN sized_parts ON ps_partkey = p_partkey")
lowest_offers = da.sql("FROM offers QUALIFY ps_supplycost = min(ps_supplycost) OVER (PARTITION BY p_partkey)")
cheapest_suppliers = da.sql("""
    SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment FROM lowest_offers
    ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100
""")

# 3: the most valuable orders of a segment that were not shipped yet on a day

segments = ["AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY"]
segment = da.input(pn.widgets.Select, options=segments, value="BUILDING")
day = dt.date(1995, 3, 15)
segment_orders = da.sql("FROM orders JOIN customer ON o_custkey = c_custkey WHERE c_mktsegment = $segment")
placed_orders = da.sql("FROM segment_orders WHERE o_orderdate < $day")
unshipped_sales = da.sql("FROM sales WHERE l_shipdate > $day")
shipping_priority = da.sql("""
    SELECT l_orderkey, sum(revenue) AS revenue, o_orderdate, o_shippriority
    FROM unshipped_sales JOIN placed_orders ON l_orderkey = o_orderkey
    GROUP BY ALL ORDER BY revenue DESC, o_orderdate LIMIT 10
""")

# 4: how many orders of a quarter came late, by priority

quarter = dt.date(1993, 7, 1)
quarter_orders = da.sql("""
    FROM orders WHERE o_orderdate >= $quarter AND o_orderdate < CAST($quarter + INTERVAL 3 MONTH AS DATE)
""")
late_orders = da.sql("FROM quarter_orders WHERE EXISTS (FROM late_lines WHERE l_orderkey = o_orderkey)")
late_by_priority = da.sql("""
    SELECT o_orderpriority, count(*) AS order_count FROM late_orders GROUP BY ALL ORDER BY o_orderpriority
""")

# 5: the revenue in each nation of a region from suppliers of the customer's own nation

year = dt.date(1994, 1, 1)
year_orders = da.sql("""
    FROM orders WHERE o_orderdate >= $year AND o_orderdate < CAST($year + INTERVAL 1 YEAR AS DATE)
""")
local_nations = da.sql("FROM nations WHERE r_name = $local_region", local_region="ASIA")
local_sales = da.sql("""
    FROM sales JOIN year_orders ON l_orderkey = o_orderkey JOIN customer ON o_custkey = c_custkey
    JOIN supplier ON l_suppkey = s_suppkey AND c_nationkey = s_nationkey
    JOIN local_nations ON s_nationkey = n_nationkey
""")
local_volume = da.sql("SELECT n_name, sum(revenue) AS revenue FROM local_sales GROUP BY ALL ORDER BY revenue DESC")

# 6: what would have been earned without some discounts

discount = Decimal("0.06")
year_lines = da.sql("""
    FROM lineitem WHERE l_shipdate >= $year AND l_shipdate < CAST($year + INTERVAL 1 YEAR AS DATE)
""")
discounted_lines = da.sql("FROM year_lines WHERE l_discount BETWEEN $discount - 0.01 AND $discount + 0.01")
forecast_revenue = da.sql(
    "SELECT sum(l_extendedprice * l_discount) AS revenue FROM discounted_lines WHERE l_quantity < $most", most=24
)

# 7: the trade between two nations, in each direction and year

here, there = "FRANCE", "GERMANY"
supplier_nations = da.sql("""
    SELECT s_suppkey, n_name AS supp_nation FROM supplier JOIN nation ON s_nationkey = n_nationkey
    WHERE n_name IN ($here, $there)
""")
customer_nations = da.sql("""
    SELECT c_custkey, n_name AS cust_nation FROM customer JOIN nation ON c_nationkey = n_nationkey
    WHERE n_name IN ($here, $there)
""")
shipments = da.sql("""
    SELECT supp_nation, cust_nation, year(l_shipdate) AS l_year, revenue AS volume
    FROM sales JOIN supplier_nations ON l_suppkey = s_suppkey
    JOIN orders ON l_orderkey = o_orderkey JOIN customer_nations ON o_custkey = c_custkey
    WHERE l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
""")
trade_volume = da.sql("""
    SELECT supp_nation, cust_nation, l_year, sum(volume) AS revenue FROM shipments WHERE supp_nation <> cust_nation
    GROUP BY ALL ORDER BY supp_nation, cust_nation, l_year
""")

# 8: a nation's share of the market for a type of part in a region

seller = "BRAZIL"
buying_region = "AMERICA"
typed_sales = da.sql(
    "FROM sales JOIN part ON l_partkey = p_partkey WHERE p_type = $part_type", part_type="ECONOMY ANODIZED STEEL"
)
regional_orders = da.sql("""
    FROM orders JOIN customers ON o_custkey = c_custkey
    WHERE r_name = $buying_region AND o_orderdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
""")
market = da.sql("""
    SELECT year(o_orderdate) AS o_year, revenue AS volume, nation.n_name AS seller
    FROM typed_sales JOIN regional_orders ON l_orderkey = o_orderkey
    JOIN supplier ON l_suppkey = s_suppkey JOIN nation ON s_nationkey = nation.n_nationkey
""")
market_share = da.sql("""
    SELECT o_year, sum(if(seller = $seller, volume, 0)) / sum(volume) AS mkt_share
    FROM market GROUP BY ALL ORDER BY o_year
""")

# 9: the profit on parts with a colour in their name, by nation and year

colour = da.input(pn.widgets.TextInput, value="green")
coloured_sales = da.sql("FROM sales JOIN part ON l_partkey = p_partkey WHERE p_name LIKE '%' || $colour || '%'")
costed_sales = da.sql("FROM coloured_sales JOIN partsupp ON ps_partkey = l_partkey AND ps_suppkey = l_suppkey")
profits = da.sql("""
    SELECT n_name AS nation, year(o_orderdate) AS o_year, revenue - ps_supplycost * l_quantity AS amount
    FROM costed_sales JOIN supplier ON l_suppkey = s_suppkey JOIN nation ON s_nationkey = n_nationkey
    JOIN orders ON l_orderkey = o_orderkey
""")
profit_by_nation = da.sql("""
    SELECT nation, o_year, sum(amount) AS sum_profit FROM profits GROUP BY ALL ORDER BY nation, o_year DESC
""")

# 10: the customers who sent back most of what they ordered in a quarter

returned_sales = da.sql("FROM sales WHERE l_returnflag = 'R'")
returned_orders = da.sql(
    """
    FROM returned_sales JOIN orders ON l_orderkey = o_orderkey
    WHERE o_orderdate >= $returned_from AND o_orderdate < CAST($returned_from + INTERVAL 3 MONTH AS DATE)
    """,
    returned_from=dt.date(1993, 10, 1),
)
returning_customers = da.sql("""
    SELECT c_custkey, c_name, sum(revenue) AS revenue, c_acctbal, n_name, c_address, c_phone, c_comment
    FROM returned_orders JOIN customer ON o_custkey = c_custkey JOIN nation ON c_nationkey = n_nationkey
    GROUP BY ALL ORDER BY revenue DESC LIMIT 20
""")

# 11: the parts that make up a notable share of a nation's stock

stock = da.sql(
    """
    SELECT ps_partkey, ps_supplycost * ps_availqty AS value
    FROM partsupp JOIN supplier ON ps_suppkey = s_suppkey JOIN nation ON s_nationkey = n_nationkey
    WHERE n_name = $stock_nation
    """,
    stock_nation="GERMANY",
)
stock_by_part = da.sql("SELECT ps_partkey, sum(value) AS value FROM stock GROUP BY ALL")
notable_value = da.sql("SELECT sum(value) * $share FROM stock", share=Decimal("0.0001"))
notable_stock = da.sql("FROM stock_by_part WHERE value > (FROM notable_value) ORDER BY value DESC")

# 12: whether two ways of shipping delay urgent orders

ship_modes = da.input(
    pn.widgets.MultiChoice,
    options=["AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"],
    value=["MAIL", "SHIP"],
)
by_ship_mode = da.match("l_shipmode", ship_modes)
delayed_lines = da.sql("""
    FROM late_lines WHERE $by_ship_mode AND l_shipdate < l_commitdate
    AND l_receiptdate >= $year AND l_receiptdate < CAST($year + INTERVAL 1 YEAR AS DATE)
""")
delayed_orders = da.sql("""
    SELECT l_shipmode, o_orderpriority IN ('1-URGENT', '2-HIGH') AS is_urgent
    FROM delayed_lines JOIN orders ON l_orderkey = o_orderkey
""")
delays_by_mode = da.sql("""
    SELECT l_shipmode, count_if(is_urgent) AS high_line_count, count_if(NOT is_urgent) AS low_line_count
    FROM delayed_orders GROUP BY ALL ORDER BY l_shipmode
""")

# 13: how many customers have how many orders, special requests aside

usual_orders = da.sql("FROM orders WHERE o_comment NOT LIKE '%' || $word || '%requests%'", word="special")
orders_by_customer = da.sql("""
    SELECT c_custkey, count(o_orderkey) AS c_count
    FROM customer LEFT JOIN usual_orders ON o_custkey = c_custkey GROUP BY ALL
""")
customer_distribution = da.sql("""
    SELECT c_count, count(*) AS custdist FROM orders_by_customer GROUP BY ALL ORDER BY custdist DESC, c_count DESC
""")

# 14: the share of a month's revenue that is due to promotions

month = dt.date(1995, 9, 1)
month_sales = da.sql("""
    FROM sales WHERE l_shipdate >= $month AND l_shipdate < CAST($month + INTERVAL 1 MONTH AS DATE)
""")
month_parts = da.sql("""
    SELECT revenue, p_type LIKE 'PROMO%' AS is_promoted FROM month_sales JOIN part ON l_partkey = p_partkey
""")
promotion_effect = da.sql("""
    SELECT 100.00 * sum(if(is_promoted, revenue, 0)) / sum(revenue) AS promo_revenue FROM month_parts
""")

# 15: the supplier who sold most in a quarter

top_quarter = dt.date(1996, 1, 1)
quarter_sales = da.sql("""
    FROM sales WHERE l_shipdate >= $top_quarter AND l_shipdate < CAST($top_quarter + INTERVAL 3 MONTH AS DATE)
""")
supplier_revenue = da.sql("SELECT l_suppkey, sum(revenue) AS total_revenue FROM quarter_sales GROUP BY ALL")
greatest_revenue = da.sql("SELECT max(total_revenue) FROM supplier_revenue")
top_suppliers = da.sql("""
    SELECT s_suppkey, s_name, s_address, s_phone, total_revenue
    FROM supplier JOIN supplier_revenue ON l_suppkey = s_suppkey
    WHERE total_revenue = (FROM greatest_revenue) ORDER BY s_suppkey
""")

# 16: how many suppliers without complaints can deliver parts of some kinds

sizes = [49, 14, 23, 45, 19, 3, 36, 9]
asked_parts = da.sql(
    "FROM part WHERE p_brand <> $brand AND p_type NOT LIKE $finish || '%' AND p_size IN $sizes",
    brand="Brand#45",
    finish="MEDIUM POLISHED",
)
complaints = da.sql("FROM supplier WHERE s_comment LIKE '%Customer%Complaints%'")
trusted_offers = da.sql("FROM partsupp ANTI JOIN complaints ON ps_suppkey = s_suppkey")
supplier_counts = da.sql("""
    SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS supplier_cnt
    FROM trusted_offers JOIN asked_parts ON ps_partkey = p_partkey
    GROUP BY ALL ORDER BY supplier_cnt DESC, p_brand, p_type, p_size
""")

# 17: the yearly revenue lost if small orders of some parts were refused

boxed_parts = da.sql(
    "FROM part WHERE p_brand = $brand AND p_container = $container", brand="Brand#23", container="MED BOX"
)
boxed_lines = da.sql("FROM lineitem JOIN boxed_parts ON l_partkey = p_partkey")
usual_quantities = da.sql("SELECT l_partkey, avg(l_quantity) AS usual FROM boxed_lines GROUP BY ALL")
small_lines = da.sql("FROM boxed_lines JOIN usual_quantities USING (l_partkey) WHERE l_quantity < 0.2 * usual")
small_order_revenue = da.sql("SELECT sum(l_extendedprice) / 7.0 AS avg_yearly FROM small_lines")

# 18: the customers with the most valuable large orders

order_quantities = da.sql("SELECT l_orderkey, sum(l_quantity) AS quantity FROM lineitem GROUP BY ALL")
large_quantities = da.sql("FROM order_quantities WHERE quantity > $least", least=300)
large_orders = da.sql("""
    SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, quantity
    FROM large_quantities JOIN orders ON l_orderkey = o_orderkey JOIN customer ON o_custkey = c_custkey
    ORDER BY o_totalprice DESC, o_orderdate LIMIT 100
""")

# 19: the revenue from parts that are delivered by air and in person, in three sizes of containers

handed_over = da.sql("""
    FROM sales WHERE l_shipmode IN ('AIR', 'AIR REG') AND l_shipinstruct = 'DELIVER IN PERSON'
""")
handed_parts = da.sql("FROM handed_over JOIN part ON l_partkey = p_partkey")
fitting_parts = da.sql(
    """
    FROM handed_parts WHERE
        (p_brand = $small_brand AND p_container IN ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG')
            AND l_quantity BETWEEN $small AND $small + 10 AND p_size BETWEEN 1 AND 5)
        OR (p_brand = $medium_brand AND p_container IN ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')
            AND l_quantity BETWEEN $medium AND $medium + 10 AND p_size BETWEEN 1 AND 10)
        OR (p_brand = $large_brand AND p_container IN ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')
            AND l_quantity BETWEEN $large AND $large + 10 AND p_size BETWEEN 1 AND 15)
    """,
    small_brand="Brand#12",
    medium_brand="Brand#23",
    large_brand="Brand#34",
    small=1,
    medium=10,
    large=20,
)
discounted_revenue = da.sql("SELECT sum(revenue) AS revenue FROM fitting_parts")

# 20: the suppliers of a nation who hold more of some parts than they sell in half a year

promoted_parts = da.sql("FROM part WHERE p_name LIKE $shade || '%'", shade="forest")
promoted_stock = da.sql("FROM partsupp SEMI JOIN promoted_parts ON ps_partkey = p_partkey")
promoted_lines = da.sql("FROM year_lines SEMI JOIN promoted_parts ON l_partkey = p_partkey")
sold = da.sql("SELECT l_partkey, l_suppkey, sum(l_quantity) AS quantity FROM promoted_lines GROUP BY ALL")
excess_stock = da.sql("""
    FROM promoted_stock JOIN sold ON ps_partkey = l_partkey AND ps_suppkey = l_suppkey
    WHERE ps_availqty > 0.5 * quantity
""")
promotion_candidates = da.sql(
    """
    SELECT s_name, s_address FROM supplier JOIN nation ON s_nationkey = n_nationkey
    SEMI JOIN excess_stock ON ps_suppkey = s_suppkey WHERE n_name = $stock_nation ORDER BY s_name
    """,
    stock_nation="CANADA",
)

# 21: the suppliers of a nation who alone kept orders of several suppliers waiting

waiting_lines = da.sql(
    """
    FROM late_lines JOIN orders ON l_orderkey = o_orderkey
    JOIN supplier ON l_suppkey = s_suppkey JOIN nation ON s_nationkey = n_nationkey
    WHERE o_orderstatus = 'F' AND n_name = $waiting_nation
    """,
    waiting_nation="SAUDI ARABIA",
)
shared_lines = da.sql("""
    FROM waiting_lines AS own
    SEMI JOIN lineitem AS other ON other.l_orderkey = own.l_orderkey AND other.l_suppkey <> own.l_suppkey
""")
blamed_lines = da.sql("""
    FROM shared_lines AS own
    ANTI JOIN late_lines AS other ON other.l_orderkey = own.l_orderkey AND other.l_suppkey <> own.l_suppkey
""")
waiting_suppliers = da.sql("""
    SELECT s_name, count(*) AS numwait FROM blamed_lines GROUP BY ALL ORDER BY numwait DESC, s_name LIMIT 100
""")

# 22: the customers of some countries who have money and have not ordered

country_codes = ["13", "31", "23", "29", "30", "18", "17"]
reachable_customers = da.sql(
    "SELECT *, substring(c_phone, 1, 2) AS cntrycode FROM customer WHERE cntrycode IN $country_codes"
)
average_balance = da.sql("SELECT avg(c_acctbal) FROM reachable_customers WHERE c_acctbal > 0")
idle_customers = da.sql("""
    FROM reachable_customers ANTI JOIN orders ON o_custkey = c_custkey WHERE c_acctbal > (FROM average_balance)
""")
sales_opportunities = da.sql("""
    SELECT cntrycode, count(*) AS numcust, sum(c_acctbal) AS totacctbal
    FROM idle_customers GROUP BY ALL ORDER BY cntrycode
""")

QUERIES: dict[int, Cell] = {
    1: pricing_summary,
    2: cheapest_suppliers,
    3: shipping_priority,
    4: late_by_priority,
    5: local_volume,
    6: forecast_revenue,
    7: trade_volume,
    8: market_share,
    9: profit_by_nation,
    10: returning_customers,
    11: notable_stock,
    12: delays_by_mode,
    13: customer_distribution,
    14: promotion_effect,
    15: top_suppliers,
    16: supplier_counts,
    17: small_order_revenue,
    18: large_orders,
    19: discounted_revenue,
    20: promotion_candidates,
    21: waiting_suppliers,
    22: sales_opportunities,
}
