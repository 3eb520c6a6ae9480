"""Each shipped mapping, on rows of the shape that its source publishes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.mapping import load_mapping
from data.tables import EVENTS, MARKET, ORDERS, VARIANTS
from data.workspace import Workspace
from tests.data import shop
from tests.paths import SHARED


def brought(folder: Path, name: str, *files: Path) -> Workspace:
    report = shop.bring(folder, load_mapping(name), *files)
    assert not report.set_aside
    return Workspace.open(folder / "shop")


def test_hm(tmp_path: Path) -> None:
    workspace = brought(
        tmp_path,
        "hm",
        shop.put(
            tmp_path, "transactions_train.csv",
            "t_dat,customer_id,article_id,price,sales_channel_id",
            "2018-09-20,00a1,0663713001,0.0508,2", "2018-09-20,00a1,0663713001,0.0508,2",
            "2018-09-21,00b2,0541518023,0.0304,1",
        ),
        shop.put(
            tmp_path, "articles.csv",
            "article_id,product_code,prod_name,product_type_name,product_group_name,"
            "graphical_appearance_name,colour_group_name,perceived_colour_value_name,"
            "section_name,garment_group_name,detail_desc",
            '0663713001,0663713,Body,Bodysuit,Underwear,Solid,Black,Dark,Lingerie,Under-,"A, b"',
            "0541518023,0541518,Rae Push,Bra,Underwear,Solid,Pink,Dusty Light,Lingerie,Under-,",
        ),
    )  # fmt: skip
    orders = workspace.read(ORDERS)
    assert orders["order_id"].tolist() == ["2018-09-20/00a1"] * 2 + ["2018-09-21/00b2"]
    assert orders["channel"].tolist() == ["web", "web", "shop"]
    assert orders["variant_id"].tolist()[0] == "0663713001"
    assert workspace.read(VARIANTS)["style_id"].tolist() == ["0541518", "0663713"]


def test_movielens(tmp_path: Path) -> None:
    workspace = brought(
        tmp_path,
        "movielens",
        shop.put(
            tmp_path, "ratings.csv", "userId,movieId,rating,timestamp",
            "1,1,4.0,964982703", "2,318,3.5,1445714835",
        ),
        shop.put(
            tmp_path, "movies.csv", "movieId,title,genres",
            "1,Toy Story (1995),Adventure|Animation", '318,"Shawshank, The",(no genres listed)',
        ),
    )  # fmt: skip
    events = workspace.read(EVENTS)
    assert events["at"].tolist()[0] == pd.Timestamp("2000-07-30 18:45:03")
    assert events["value"].tolist() == [4.0, 3.5]
    films = workspace.read(VARIANTS)
    assert films["year"].tolist()[0] == 1995
    assert films[["genres", "year"]].isna().to_numpy().tolist() == [[False, False], [True, True]]


def test_m5(tmp_path: Path) -> None:
    workspace = brought(
        tmp_path,
        "m5",
        shop.put(
            tmp_path, "sales_train_evaluation.csv",
            "id,item_id,dept_id,cat_id,store_id,state_id,d_1,d_2,d_3",
            "HOBBIES_1_008_CA_1_evaluation,HOBBIES_1_008,HOBBIES_1,HOBBIES,CA_1,CA,12,0,15",
            "FOODS_3_001_TX_1_evaluation,FOODS_3_001,FOODS_3,FOODS,TX_1,TX,0,0,1",
        ),
        shop.put(
            tmp_path, "calendar.csv",
            "date,wm_yr_wk,weekday,wday,month,year,d,event_name_1,event_type_1,event_name_2,"
            "event_type_2,snap_CA,snap_TX,snap_WI",
            "2011-01-29,11101,Saturday,1,1,2011,d_1,,,,,0,0,0",
            "2011-01-30,11101,Sunday,2,1,2011,d_2,,,,,0,0,0",
            "2011-02-06,11102,Sunday,2,2,2011,d_3,SuperBowl,Sporting,,,1,1,1",
        ),
        shop.put(
            tmp_path, "sell_prices.csv", "store_id,item_id,wm_yr_wk,sell_price",
            "CA_1,HOBBIES_1_008,11101,0.46", "CA_1,HOBBIES_1_008,11102,0.48",
            "TX_1,FOODS_3_001,11102,2.5",
        ),
    )  # fmt: skip
    orders = workspace.read(ORDERS)
    assert orders[["variant_id", "quantity", "unit_price"]].to_numpy().tolist() == [
        ["HOBBIES_1_008", 12, 0.46], ["HOBBIES_1_008", 15, 0.48], ["FOODS_3_001", 1, 2.5],
    ]  # fmt: skip
    assert orders["ordered_at"].tolist()[1] == pd.Timestamp("2011-02-06")
    assert workspace.read(VARIANTS)["style_id"].tolist() == ["FOODS_3", "HOBBIES_1"]
    assert workspace.read(MARKET)["event"].tolist()[2] == "SuperBowl"


BIKES = SHARED / "bike_sharing/day.csv"


def test_bike_sharing(tmp_path: Path) -> None:
    header = (
        "instant,dteday,season,yr,mnth,holiday,weekday,workingday,weathersit,temp,atemp,hum,"
        "windspeed,casual,registered,cnt"
    )
    rows = (
        "1,2011-01-01,1,0,1,0,6,0,2,0.34,0.36,0.81,0.16,331,654,985",
        "2,2011-01-02,1,0,1,0,0,0,2,0.36,0.35,0.70,0.25,131,670,801",
    )
    workspace = brought(tmp_path, "bike_sharing", shop.put(tmp_path, "day.csv", header, *rows))
    orders = workspace.read(ORDERS)
    assert orders["quantity"].tolist() == [331, 654, 131, 670]
    assert orders["customer_id"].isna().all()
    assert workspace.read(VARIANTS)["style_id"].tolist() == ["rental", "rental"]
    assert workspace.read(VARIANTS)["category"].tolist() == ["casual", "registered"]
    assert workspace.read(MARKET)["temperature"].tolist() == [0.34, 0.36]


@pytest.mark.skipif(not BIKES.exists(), reason="the bike sharing file is not there")
def test_bike_sharing_as_published(tmp_path: Path) -> None:
    workspace = brought(tmp_path, "bike_sharing", BIKES)
    assert workspace.read(ORDERS)["quantity"].sum() == 3_292_679
    assert len(workspace.read(MARKET)) == 731


def test_online_retail_ii(tmp_path: Path) -> None:
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    at, where = "2009-12-01 07:45:00", "United Kingdom"
    path = shop.put(
        tmp_path, "online_retail.csv", header,
        f"489434,79323P,PINK CHERRY LIGHTS,12,{at},6.75,13085,{where}",
        f"489434,79323p,PINK CHERRY LIGHTS,12,{at},6.75,13085,{where}",
        f"489434,79323P,PINK CHERRY LIGHTS,12,{at},6.75,13085,{where}",
        f"489435,85048,GLASS BALLS,74215,{at},1.04,12346,{where}",
        f"C489436,85048,GLASS BALLS,-74215,2009-12-01 08:00:00,1.04,12346,{where}",
        f"C489437,79323P,PINK CHERRY LIGHTS,-3,2009-12-09 08:00:00,6.75,13085,{where}",
        f"489438,POST,POSTAGE,1,{at},18,13085,{where}",
        f"489439,85048,damages,-20,{at},0,,{where}",
        f"489440,85048,found,20,{at},0,,{where}",
        f"A506401,B,Adjust bad debt,1,{at},-53594.36,,{where}",
        f"489441,85048,GLASS BALLS,2,{at},1.04,,{where}",
    )  # fmt: skip
    report = shop.bring(tmp_path, load_mapping("online_retail_ii"), path)
    assert report.set_aside == {
        "cancellation": 2, "accounting": 1, "duplicate": 1, "non_product": 1,
        "stock_adjustment": 1, "write_off": 1,
    }  # fmt: skip
    orders = Workspace.open(tmp_path / "shop").read(ORDERS)
    assert orders[["variant_id", "quantity"]].to_numpy().tolist() == [
        ["79323P", 12], ["79323P", 12], ["85048", 2], ["79323P", -3],
    ]  # fmt: skip
